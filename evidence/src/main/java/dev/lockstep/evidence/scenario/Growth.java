package dev.lockstep.evidence.scenario;

import java.util.Arrays;

/**
 * Whether peaks of memory grow. The allocator keeps memory that it has once taken, so peaks are not independent points
 * around a line: they rise in jumps and stay there. The increases from one epoch to the next are independent. The slope is
 * their mean; it is zero within noise if it is at most Student's 97.5 % quantile times its standard error. A jump adds
 * much noise, which could hide a small leak; but a leak moves the median too, which must be at most 0.1 KiB per step.
 * And the noise must be small enough to reveal an increase by a hundredth of the memory.
 *
 * @param perStep the mean rise, KiB per step; {@code error} is its standard error, {@code noise} its bound
 * @param median of the rises, KiB per step
 * @param verdict flat, GROWS or NOISY
 */
record Growth(double perStep, double error, double noise, double median, String verdict) {
    private static final double[] QUANTILES = {12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23};
    private static final double LARGEST_MEDIAN = 0.1;

    /** From the peaks of at least three epochs, KiB, and the steps from the first to the last. */
    static Growth of(long[] peaks, int steps) {
        int n = peaks.length - 1;
        double[] rises = new double[n];
        Arrays.setAll(rises, i -> peaks[i + 1] - peaks[i]);
        double mean = (double) (peaks[n] - peaks[0]) / n;
        double rest =
                Arrays.stream(rises).map(rise -> (rise - mean) * (rise - mean)).sum();
        double error = Math.sqrt(rest / (n - 1) / n);
        double[] sorted = rises.clone();
        Arrays.sort(sorted);
        double median = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
        double bound = quantile(n - 1) * error;
        double scale = (double) n / steps;
        String verdict = "flat";
        if (mean > bound || median * scale > LARGEST_MEDIAN) {
            verdict = "GROWS";
        } else if (bound * n > peaks[0] / 100.0) {
            verdict = "NOISY";
        }
        return new Growth(mean * scale, error * scale, bound * scale, median * scale, verdict);
    }

    private static double quantile(int freedom) {
        return freedom > QUANTILES.length ? 1.96 + 2.65 / freedom : QUANTILES[freedom - 1];
    }
}
