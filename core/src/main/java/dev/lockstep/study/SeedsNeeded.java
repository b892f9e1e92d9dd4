package dev.lockstep.study;

/** How many seeds a side would need until a confidence bound resolves a gap, the variances being what they are. */
final class SeedsNeeded {
    private static final int MOST = 200;

    private SeedsNeeded() {}

    /**
     * @param least the first number to try
     * @return 0 when more than 200 would be needed
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
