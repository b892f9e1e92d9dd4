package dev.lockstep.image.format;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.image.ImageData;
import dev.lockstep.image.ImageShape;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class SyntheticDatasetTest {
    private static final ImageShape SHAPE = new ImageShape(3, 10, 12);
    private final SyntheticDataset dataset = new SyntheticDataset("training", 200, SHAPE, 4);

    @Test
    void image_isAFunctionOfSplitAndIndex() {
        SyntheticDataset same = new SyntheticDataset("training", 50, SHAPE, 4);
        SyntheticDataset other = new SyntheticDataset("validation", 50, SHAPE, 4);

        assertThat(values(same, 7)).isEqualTo(values(dataset, 7)).hasSize(360);
        assertThat(values(other, 7)).isNotEqualTo(values(dataset, 7));
        assertThat(values(dataset, 8)).isNotEqualTo(values(dataset, 7));
    }

    @Test
    void labels_useEveryClass() {
        Set<Integer> labels = new HashSet<>();
        for (int i = 0; i < dataset.size(); i++) {
            labels.add(dataset.label(i));
        }
        assertThat(labels).containsExactlyInAnyOrder(0, 1, 2, 3);
    }

    /** The nearest mean of the training images, the simplest of classifiers, must find the class of unseen images. */
    @Test
    void classes_canBeLearned() {
        double[][] means = new double[4][SHAPE.floats()];
        int[] counts = new int[4];
        for (int i = 0; i < dataset.size(); i++) {
            byte[] values = values(dataset, i);
            counts[dataset.label(i)]++;
            for (int j = 0; j < values.length; j++) {
                means[dataset.label(i)][j] += values[j] & 0xFF;
            }
        }
        SyntheticDataset unseen = new SyntheticDataset("validation", 100, SHAPE, 4);
        int right = 0;
        for (int i = 0; i < unseen.size(); i++) {
            right += nearest(means, counts, values(unseen, i)) == unseen.label(i) ? 1 : 0;
        }
        assertThat(right).isGreaterThanOrEqualTo(99);
    }

    private static int nearest(double[][] sums, int[] counts, byte[] values) {
        double[] distances = new double[sums.length];
        for (int label = 0; label < sums.length; label++) {
            for (int j = 0; j < values.length; j++) {
                double difference = sums[label][j] / counts[label] - (values[j] & 0xFF);
                distances[label] += difference * difference;
            }
        }
        double least = Arrays.stream(distances).min().orElseThrow();
        return Arrays.stream(distances).boxed().toList().indexOf(least);
    }

    @Test
    void fingerprint_changesWithEveryParameter() {
        assertThat(Set.of(
                        dataset.fingerprint(),
                        new SyntheticDataset("validation", 200, SHAPE, 4).fingerprint(),
                        new SyntheticDataset("training", 201, SHAPE, 4).fingerprint(),
                        new SyntheticDataset("training", 200, new ImageShape(3, 12, 10), 4).fingerprint(),
                        new SyntheticDataset("training", 200, SHAPE, 5).fingerprint()))
                .hasSize(5);
    }

    private static byte[] values(SyntheticDataset dataset, int index) {
        return ((ImageData.Pixels) dataset.image(index)).values();
    }
}
