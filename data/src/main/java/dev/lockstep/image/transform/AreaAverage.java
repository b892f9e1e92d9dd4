package dev.lockstep.image.transform;

/**
 * The weights of area averaging in one dimension: output i is the mean of the source over [i·source/size,
 * (i+1)·source/size), where pixels that lie partly inside count proportionally. For an integer factor f this is the
 * plain mean of f pixels.
 *
 * @param first for each output, the first source pixel with a nonzero weight
 * @param weights for each output, the weights starting at that pixel; they sum to 1
 */
record AreaAverage(int[] first, double[][] weights) {
    static AreaAverage of(int source, int size) {
        if (size < 1 || size > source) {
            throw new IllegalArgumentException("size = " + size + ": must be in [1, " + source + "]");
        }
        int[] first = new int[size];
        double[][] weights = new double[size][];
        for (int i = 0; i < size; i++) {
            // In units of 1/size of a source pixel, everything is an integer.
            long from = (long) i * source;
            long to = from + source;
            first[i] = (int) (from / size);
            int last = (int) ((to - 1) / size);
            weights[i] = new double[last - first[i] + 1];
            for (int pixel = first[i]; pixel <= last; pixel++) {
                long overlap = Math.min(to, (pixel + 1L) * size) - Math.max(from, (long) pixel * size);
                weights[i][pixel - first[i]] = (double) overlap / source;
            }
        }
        return new AreaAverage(first, weights);
    }
}
