package dev.lockstep.schedule;

/** The first iterations of training, in which the network changes too fast for the scaled rate (paper, section 2.2). */
public final class Warmup {
    private Warmup() {}

    /** No warmup: the scaled rate from the first iteration on. */
    public static LearningRate none(double scaled) {
        return LearningRate.constant(scaled);
    }

    /** Constant warmup: the reference rate for the first {@code iterations}, then the scaled rate. */
    public static LearningRate constant(double reference, double scaled, long iterations) {
        double start = Math.min(reference, scaled);
        return iteration -> iteration < iterations ? start : scaled;
    }

    /**
     * Gradual warmup: starts at the reference rate, adds the same amount in every iteration, and is exactly the scaled
     * rate from iteration {@code iterations} on. A scaled rate below the reference (a minibatch smaller than the
     * reference minibatch) is used from the start.
     */
    public static LearningRate gradual(double reference, double scaled, long iterations) {
        double start = Math.min(reference, scaled);
        return iteration ->
                iteration < iterations ? start + (scaled - start) * ((double) iteration / iterations) : scaled;
    }
}
