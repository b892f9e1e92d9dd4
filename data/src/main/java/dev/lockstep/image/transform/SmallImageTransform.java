package dev.lockstep.image.transform;

import dev.lockstep.image.ByteTransform;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.ImageShape;
import dev.lockstep.image.Normalization;
import dev.lockstep.sampling.KeyedRandom;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/**
 * The transform for small images: an optional random crop and flip at the dataset's own resolution, an optional
 * reduction by area averaging, and normalization per channel.
 *
 * <p>The crop pads the raw image with 4 pixels of zeros on each side (black before normalization, as torchvision does),
 * crops the original size at a uniformly random position, and mirrors it with probability 1/2. Numbers drawn from the
 * random stream: the crop's row in [0, 8], its column in [0, 8], the flip.
 */
public final class SmallImageTransform implements ByteTransform {
    private static final int PADDING = 4;

    private final ImageShape source;
    private final ImageShape shape;
    private final Normalization normalization;
    private final float[][] tables;
    private final boolean cropAndFlip;
    private final AreaAverage rows;
    private final AreaAverage columns;

    /**
     * Creates a transform.
     *
     * @param source the shape of the dataset's images
     * @param shape the shape of the network input: the same number of channels, and at most as high and wide
     * @param cropAndFlip whether to augment; {@code false} uses no randomness
     */
    public SmallImageTransform(ImageShape source, ImageShape shape, Normalization normalization, boolean cropAndFlip) {
        if (source.channels() != normalization.channels() || source.channels() != shape.channels()) {
            throw new IllegalArgumentException(
                    "source = " + source + ", shape = " + shape + ", " + normalization + ": channels differ");
        }
        this.source = source;
        this.shape = shape;
        this.normalization = normalization;
        this.tables = normalization.tables();
        this.cropAndFlip = cropAndFlip;
        this.rows = AreaAverage.of(source.height(), shape.height());
        this.columns = AreaAverage.of(source.width(), shape.width());
    }

    @Override
    public ImageShape shape() {
        return shape;
    }

    @Override
    public Normalization normalization() {
        return normalization;
    }

    @Override
    public void apply(ImageData image, KeyedRandom random, FloatBuffer out) {
        byte[] values = augmented(image, random);
        if (shape.equals(source)) {
            normalize(values, out);
        } else {
            reduce(values, out);
        }
    }

    @Override
    public void applyBytes(ImageData image, KeyedRandom random, ByteBuffer out) {
        byte[] values = augmented(image, random);
        if (shape.equals(source)) {
            out.put(values);
            return;
        }
        for (int y = 0; y < shape.height(); y++) {
            for (int x = 0; x < shape.width(); x++) {
                for (int channel = 0; channel < shape.channels(); channel++) {
                    out.put(ByteTransform.rounded((float) mean(values, y, x, channel)));
                }
            }
        }
    }

    private byte[] augmented(ImageData image, KeyedRandom random) {
        if (!(image instanceof ImageData.Pixels pixels)
                || !source.equals(new ImageShape(pixels.channels(), pixels.height(), pixels.width()))) {
            throw new IllegalArgumentException("image must be decoded pixels of shape " + source);
        }
        return cropAndFlip ? cropAndFlip(pixels.values(), random) : pixels.values();
    }

    private byte[] cropAndFlip(byte[] values, KeyedRandom random) {
        int down = random.nextInt(2 * PADDING + 1) - PADDING;
        int right = random.nextInt(2 * PADDING + 1) - PADDING;
        boolean flip = random.nextBoolean();
        byte[] cropped = new byte[values.length];
        int channels = source.channels();
        for (int y = Math.max(0, -down); y < Math.min(source.height(), source.height() - down); y++) {
            int from = (y + down) * source.width();
            int to = y * source.width();
            for (int x = Math.max(0, -right); x < Math.min(source.width(), source.width() - right); x++) {
                int column = flip ? source.width() - 1 - x : x;
                for (int channel = 0; channel < channels; channel++) {
                    cropped[(to + column) * channels + channel] = values[(from + x + right) * channels + channel];
                }
            }
        }
        return cropped;
    }

    private void normalize(byte[] values, FloatBuffer out) {
        int channels = source.channels();
        int start = out.position();
        for (int channel = 0; channel < channels; channel++) {
            float[] table = tables[channel];
            for (int i = channel; i < values.length; i += channels) {
                out.put(start + i, table[values[i] & 0xFF]);
            }
        }
        out.position(start + values.length);
    }

    private void reduce(byte[] values, FloatBuffer out) {
        for (int y = 0; y < shape.height(); y++) {
            for (int x = 0; x < shape.width(); x++) {
                for (int channel = 0; channel < shape.channels(); channel++) {
                    out.put(normalization.apply(channel, mean(values, y, x, channel)));
                }
            }
        }
    }

    /** The mean over the source area covered by an output pixel, in [0, 255]. */
    private double mean(byte[] values, int y, int x, int channel) {
        double[] down = rows.weights()[y];
        double[] across = columns.weights()[x];
        double sum = 0;
        for (int i = 0; i < down.length; i++) {
            int row = (rows.first()[y] + i) * source.width() + columns.first()[x];
            double rowSum = 0;
            for (int j = 0; j < across.length; j++) {
                rowSum += across[j] * (values[(row + j) * source.channels() + channel] & 0xFF);
            }
            sum += down[i] * rowSum;
        }
        return sum;
    }
}
