package dev.lockstep.study;

/** The number of seeds per side needed for a confidence bound to resolve a gap at the current variances. */
final class SeedsNeeded {
    private static final int MOST = 200;

    private SeedsNeeded() {}

    /**
     * @param least the first number to try
     * @return the number of seeds; 0 when more than 200 would be needed
     */
    static int toResolve(double gap, double variance, double baselineVariance, double level, int least) {
        for (int n = Math.max(2, least); n <= MOST; n++) {
            Difference difference = Difference.of(gap, variance / n, n, baselineVariance / n, n);
            if (difference.halfWidth(level) < gap) {
                return n;
            }
        }
        return 0;
    }
}
