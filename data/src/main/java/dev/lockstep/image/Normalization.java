package dev.lockstep.image;

import java.util.List;

/**
 * A dataset's color normalization: each channel's mean and standard deviation over the training images, for pixel
 * values in [0, 1]. The network input is (value − mean) / deviation.
 */
public record Normalization(List<Double> mean, List<Double> deviation) {
    /** The usual ImageNet constants, in the order red, green, blue. */
    public static final Normalization IMAGENET =
            new Normalization(List.of(0.485, 0.456, 0.406), List.of(0.229, 0.224, 0.225));

    public Normalization {
        mean = List.copyOf(mean);
        deviation = List.copyOf(deviation);
        if (mean.size() != deviation.size() || mean.isEmpty()) {
            throw new IllegalArgumentException(
                    "mean = " + mean + ", deviation = " + deviation + ": must have one value per channel each");
        }
        if (!deviation.stream().allMatch(d -> d > 0)) {
            throw new IllegalArgumentException("deviation = " + deviation + ": must be positive");
        }
    }

    public int channels() {
        return mean.size();
    }

    /**
     * Normalizes one pixel value.
     *
     * @param value in [0, 255], fractions allowed
     */
    public float apply(int channel, double value) {
        return (float) ((value / 255 - mean.get(channel)) / deviation.get(channel));
    }

    /** The byte of a normalized value, the inverse of {@link #apply}; values beyond black and white are cut off. */
    public byte pixel(int channel, float normalized) {
        double value = normalized * deviation.get(channel) + mean.get(channel);
        return (byte) Math.round(255 * Math.min(1, Math.max(0, value)));
    }

    /** The normalized values of all bytes, by channel and byte value; see {@link #apply}. */
    public float[][] tables() {
        float[][] tables = new float[channels()][256];
        for (int channel = 0; channel < tables.length; channel++) {
            for (int value = 0; value < 256; value++) {
                tables[channel][value] = apply(channel, value);
            }
        }
        return tables;
    }
}
