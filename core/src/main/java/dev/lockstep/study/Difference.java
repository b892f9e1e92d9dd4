package dev.lockstep.study;

import org.apache.commons.statistics.distribution.TDistribution;

/**
 * An estimated difference with its standard error, whose error over the standard error follows Student's t (Welch's
 * approximation: the two variances may differ).
 *
 * <p>Seeds are not paired: equal seeds share initial weights, but runs with different minibatches part at once.
 *
 * @param value variant less baseline
 * @param standardError NaN when a side has fewer than two seeds; zero when no seed differs from another
 * @param degreesOfFreedom Welch–Satterthwaite
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
     * @param a the squared standard error of one mean, over {@code m} seeds
     * @param b that of the other, over {@code n}
     */
    static Difference of(double value, double a, int m, double b, int n) {
        double freedom = (a + b) * (a + b) / (a * a / (m - 1) + b * b / (n - 1));
        return new Difference(value, Math.sqrt(a + b), freedom);
    }

    /**
     * Whether the seeds say anything of chance. Without any spread they do not: errors are counted in whole images, so two
     * seeds can agree exactly.
     */
    boolean isTestable() {
        return standardError > 0 && Double.isFinite(value);
    }

    /** The p-value of the one-sided test that shows the difference to be above {@code bound}. */
    double pAbove(double bound) {
        return student().survivalProbability((value - bound) / standardError);
    }

    /** The p-value of the one-sided test that shows the difference to be below {@code bound}. */
    double pBelow(double bound) {
        return student().cumulativeProbability((value - bound) / standardError);
    }

    /** The p-value of two one-sided tests (TOST) that show the difference to be within ± {@code margin}. */
    double pWithin(double margin) {
        return Math.max(pAbove(-margin), pBelow(margin));
    }

    /** The p-value of a test that shows the difference to be outside ± {@code margin}: both tails, at either end of it. */
    double pBeyond(double margin) {
        double size = Math.abs(value);
        return student().survivalProbability((size - margin) / standardError)
                + student().survivalProbability((size + margin) / standardError);
    }

    /** Half of the width of the interval in which the difference lies with confidence 1 − 2·level. */
    double halfWidth(double level) {
        return standardError * student().inverseSurvivalProbability(level);
    }

    private TDistribution student() {
        return TDistribution.of(degreesOfFreedom);
    }
}
