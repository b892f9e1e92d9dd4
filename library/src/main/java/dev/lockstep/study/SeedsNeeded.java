package dev.lockstep.study;

import org.apache.commons.statistics.distribution.TDistribution;

/** How many seeds a side would need until a confidence bound resolves a gap, the variances being what they are. */
final class SeedsNeeded {
    private static final int MOST = 200;

    private SeedsNeeded() {}

    /** 0 when more than 200 would be needed. */
    static int toResolve(double gap, double variance, double baselineVariance, double level) {
        for (int n = 2; n <= MOST; n++) {
            double half = TDistribution.of(2 * n - 2).inverseSurvivalProbability(level)
                    * Math.sqrt((variance + baselineVariance) / n);
            if (half < gap) {
                return n;
            }
        }
        return 0;
    }
}
