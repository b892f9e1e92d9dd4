package dev.lockstep.image.transform;

/**
 * The weights of antialiased bilinear resizing in one dimension, as in Pillow: output i is a mean of the source pixels
 * around its center, weighted by a triangle that is two output pixels wide when the image shrinks and two source pixels
 * wide when it grows.
 *
 * @param low the first source pixel used by any output
 * @param high one more than the last source pixel used
 * @param taps weights per output, at least 2
 * @param first for each output, its first pixel, relative to {@code low}; a window may reach beyond {@code high}
 * @param weights outputs × taps; they sum to 1 for each output, and are zero beyond {@code high}
 */
record TriangleFilter(int low, int high, int taps, int[] first, float[] weights) {
    /**
     * The position of the outputs in the source.
     *
     * @param start the start of the scaled interval; may lie between pixels when the source was reduced before
     * @param length the length of the scaled interval in source pixels
     * @param size the number of outputs for the whole interval
     * @param skipped the number of outputs before the first wanted one
     * @param count the number of wanted outputs
     */
    record Interval(double start, double length, int size, int skipped, int count) {
        static Interval whole(double start, double length, int size) {
            return new Interval(start, length, size, 0, size);
        }

        double scale() {
            return length / size;
        }
    }

    /**
     * @param least the first source pixel that may be used
     * @param limit one more than the last source pixel that may be used
     */
    static TriangleFilter of(Interval interval, int least, int limit) {
        int count = interval.count;
        double scale = interval.scale();
        double support = Math.max(scale, 1);
        int[] from = new int[count];
        int[] to = new int[count];
        int widest = 0;
        for (int i = 0; i < count; i++) {
            double center = interval.start + (interval.skipped + i + 0.5) * scale;
            from[i] = Math.max(least, (int) Math.floor(center - support + 0.5));
            to[i] = Math.min(limit, (int) Math.floor(center + support + 0.5));
            widest = Math.max(widest, to[i] - from[i]);
        }
        int low = from[0];
        int taps = Math.max(2, widest);
        float[] weights = new float[count * taps];
        double[] window = new double[widest];
        for (int i = 0; i < count; i++) {
            double center = interval.start + (interval.skipped + i + 0.5) * scale;
            double sum = 0;
            for (int tap = 0; tap < to[i] - from[i]; tap++) {
                window[tap] = Math.max(0, 1 - Math.abs(from[i] + tap - center + 0.5) / support);
                sum += window[tap];
            }
            for (int tap = 0; tap < to[i] - from[i]; tap++) {
                weights[i * taps + tap] = (float) (window[tap] / sum);
            }
            from[i] -= low;
        }
        return new TriangleFilter(low, to[count - 1], taps, from, weights);
    }

    int outputs() {
        return first.length;
    }

    /** The number of source pixels from {@code low} to {@code high}. */
    int span() {
        return high - low;
    }

    /** The same filter with its outputs in reverse order, which mirrors the image. */
    TriangleFilter mirrored() {
        int[] mirroredFirst = new int[first.length];
        float[] mirroredWeights = new float[weights.length];
        for (int i = 0; i < first.length; i++) {
            mirroredFirst[i] = first[first.length - 1 - i];
            System.arraycopy(weights, (first.length - 1 - i) * taps, mirroredWeights, i * taps, taps);
        }
        return new TriangleFilter(low, high, taps, mirroredFirst, mirroredWeights);
    }
}
