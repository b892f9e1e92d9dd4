package dev.lockstep.schedule;

/**
 * Warmup: lower learning rates for the first iterations, while the network changes too fast for the scaled rate (paper,
 * section 2.2).
 */
public final class Warmup {
    private Warmup() {}

    /** No warmup: the scaled rate from the first iteration. */
    public static LearningRate none(double scaled) {
        return LearningRate.constant(scaled);
    }

    /** Constant warmup: the reference rate for the first {@code iterations}, then the scaled rate. */
    public static LearningRate constant(double reference, double scaled, long iterations) {
        double start = Math.min(reference, scaled);
        return iteration -> iteration < iterations ? start : scaled;
    }

    /**
     * Gradual warmup: starts at the reference rate, adds a constant amount per iteration, and equals the scaled rate
     * exactly from iteration {@code iterations} on. If the scaled rate is below the reference rate (the minibatch is
     * smaller than the reference minibatch), it is used from the start.
     */
    public static LearningRate gradual(double reference, double scaled, long iterations) {
        double start = Math.min(reference, scaled);
        return iteration ->
                iteration < iterations ? start + (scaled - start) * ((double) iteration / iterations) : scaled;
    }
}
