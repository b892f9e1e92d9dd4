package dev.lockstep.study;

import org.apache.commons.statistics.distribution.TDistribution;

/**
 * An estimated difference with its standard error. The error of the estimate divided by its standard error follows
 * Student's t distribution (Welch's approximation, for possibly unequal variances).
 *
 * <p>Seeds are not paired: runs with equal seeds share initial weights, but those with different minibatches diverge
 * immediately.
 *
 * @param value variant minus baseline
 * @param standardError NaN when a side has fewer than two seeds; zero when all seeds give the same result
 * @param degreesOfFreedom by the Welch–Satterthwaite equation
 */
record Difference(double value, double standardError, double degreesOfFreedom) {
    static Difference of(Sample variant, Sample baseline) {
        return of(
                variant.mean() - baseline.mean(),
                variant.variance() / variant.size(),
                variant.size(),
                baseline.variance() / baseline.size(),
                baseline.size());
    }

    /**
     * @param a the squared standard error of the first mean, over {@code m} seeds
     * @param b the squared standard error of the second mean, over {@code n} seeds
     */
    static Difference of(double value, double a, int m, double b, int n) {
        double freedom = (a + b) * (a + b) / (a * a / (m - 1) + b * b / (n - 1));
        return new Difference(value, Math.sqrt(a + b), freedom);
    }

    /**
     * Whether the seeds allow a test. Without any spread they do not; errors are counted in whole images, so two seeds
     * can agree exactly.
     */
    boolean isTestable() {
        return standardError > 0 && Double.isFinite(value);
    }

    /** The p-value of the one-sided test that the difference is above {@code bound}. */
    double pAbove(double bound) {
        return student().survivalProbability((value - bound) / standardError);
    }

    /** The p-value of the one-sided test that the difference is below {@code bound}. */
    double pBelow(double bound) {
        return student().cumulativeProbability((value - bound) / standardError);
    }

    /** The p-value of the two one-sided tests (TOST) that the difference is within ± {@code margin}. */
    double pWithin(double margin) {
        return Math.max(pAbove(-margin), pBelow(margin));
    }

    /** The p-value of the test that the difference is outside ± {@code margin}: the sum of both tails. */
    double pBeyond(double margin) {
        double size = Math.abs(value);
        return student().survivalProbability((size - margin) / standardError)
                + student().survivalProbability((size + margin) / standardError);
    }

    /** Half the width of the confidence interval of the difference, at confidence 1 − 2·level. */
    double halfWidth(double level) {
        return standardError * student().inverseSurvivalProbability(level);
    }

    private TDistribution student() {
        return TDistribution.of(degreesOfFreedom);
    }
}
