package dev.lockstep.image.inspect;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.ImageTransform;
import dev.lockstep.image.Normalization;
import dev.lockstep.sampling.KeyedRandom;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The result of checking a dataset's images: how many there are of each class, which ones cannot be read, and the color
 * statistics, to compare with the normalization.
 *
 * @param perClass the number of images of each class
 * @param checked the number of images that were decoded
 * @param bad one message for each bad image
 * @param mean the mean of each channel over the checked images, for values in [0, 1]
 * @param deviation the standard deviation of each channel
 */
public record DatasetCheck(int[] perClass, int checked, List<String> bad, List<Double> mean, List<Double> deviation) {

    /** An image's sums of values and of their squares by channel, or the reason why it is bad. */
    private record Looked(
            double[] sums, double[] squares, @Nullable String bad) {}

    /**
     * Checks a dataset.
     *
     * @param transform the evaluation transform
     * @param count the number of images to decode, spread evenly over the dataset; all when it has fewer
     */
    public static DatasetCheck of(Dataset dataset, ImageTransform transform, Normalization normalization, int count) {
        int[] perClass = new int[dataset.classNames().size()];
        for (int i = 0; i < dataset.size(); i++) {
            perClass[dataset.label(i)]++;
        }
        int checked = Math.min(count, dataset.size());
        List<Looked> all = IntStream.range(0, checked)
                .parallel()
                .mapToObj(i -> look(dataset, transform, normalization, spread(i, checked, dataset.size())))
                .toList();
        List<String> bad = all.stream()
                .map(Looked::bad)
                .filter(Objects::nonNull)
                .map(Objects::requireNonNull)
                .toList();
        long pixels = (long) (checked - bad.size())
                * transform.shape().height()
                * transform.shape().width();
        double[] mean = total(all, Looked::sums, normalization.channels(), pixels);
        double[] squares = total(all, Looked::squares, normalization.channels(), pixels);
        List<Double> deviation = IntStream.range(0, mean.length)
                .mapToObj(c -> Math.sqrt(Math.max(0, squares[c] - mean[c] * mean[c])))
                .toList();
        return new DatasetCheck(
                perClass, checked, bad, Arrays.stream(mean).boxed().toList(), deviation);
    }

    /** Adds images that were found bad elsewhere. */
    public DatasetCheck withBad(List<String> messages) {
        List<String> all =
                Stream.concat(bad.stream(), messages.stream()).distinct().toList();
        return new DatasetCheck(perClass, checked, all, mean, deviation);
    }

    private static int spread(int i, int checked, int size) {
        return (int) ((long) i * size / checked);
    }

    private static Looked look(Dataset dataset, ImageTransform transform, Normalization normalization, int index) {
        int channels = normalization.channels();
        double[] sums = new double[channels];
        double[] squares = new double[channels];
        FloatBuffer seen = FloatBuffer.allocate(transform.shape().floats());
        try {
            transform.apply(dataset.image(index), KeyedRandom.of(index), seen);
        } catch (LockstepException e) {
            return new Looked(sums, squares, e.getMessage());
        }
        for (int i = 0; i < seen.capacity(); i++) {
            int channel = i % channels;
            double value = seen.get(i) * normalization.deviation().get(channel)
                    + normalization.mean().get(channel);
            sums[channel] += value;
            squares[channel] += value * value;
        }
        return new Looked(sums, squares, null);
    }

    private interface Part {
        double[] of(Looked looked);
    }

    private static double[] total(List<Looked> all, Part part, int channels, long pixels) {
        double[] total = new double[channels];
        for (Looked looked : all) {
            for (int channel = 0; channel < channels; channel++) {
                total[channel] += part.of(looked)[channel] / Math.max(1, pixels);
            }
        }
        return total;
    }
}
