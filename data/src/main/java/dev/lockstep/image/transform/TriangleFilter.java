package dev.lockstep.image.transform;

/**
 * The weights of antialiased bilinear resizing in one dimension, as Pillow's: output i is a mean of the source pixels
 * around its center, weighted by a triangle that is two output pixels wide when the image shrinks, two source pixels when
 * it grows.
 *
 * @param low the first source pixel that counts for any output
 * @param high the source pixel after the last one that counts
 * @param taps weights an output: 2 or a multiple of 4, so that loops over them can be unrolled
 * @param first of each output, the first pixel that counts, from {@code low} on; a window may reach beyond {@code high}
 * @param weights outputs × taps; they sum to 1 an output, and are zero beyond {@code high}
 */
record TriangleFilter(int low, int high, int taps, int[] first, float[] weights) {
    /**
     * Where outputs lie in the source.
     *
     * @param start of the scaled interval; may lie between pixels when the source was reduced before
     * @param length of the scaled interval in source pixels
     * @param size outputs that the whole interval would give
     * @param skipped outputs before the first wanted one
     * @param count wanted outputs
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
     * @param limit the source pixel after the last one that may be used
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
        int taps = widest <= 2 ? 2 : (widest + 3) / 4 * 4;
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

    /** Source pixels from {@code low} to {@code high}. */
    int span() {
        return high - low;
    }

    /** The same with outputs in the opposite order: the image comes out mirrored. */
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
