package dev.lockstep.schedule;

/** How the learning rate scales with the minibatch size kn (paper, section 2.1; the alternatives are from Table 2a). */
public enum Scaling {
    /** The linear scaling rule: a minibatch k times as large gets k times the learning rate. */
    LINEAR {
        @Override
        double factor(double ratio) {
            return ratio;
        }
    },
    /**
     * Multiplies the rate by the square root of the ratio, which preserves the variance of the update but loses
     * accuracy (Table 2a).
     */
    SQUARE_ROOT {
        @Override
        double factor(double ratio) {
            return Math.sqrt(ratio);
        }
    },
    /** Keeps the reference rate. */
    NONE {
        @Override
        double factor(double ratio) {
            return 1;
        }
    };

    abstract double factor(double ratio);

    /** Returns the scaled rate η̂ for a minibatch, given the rate η for the reference minibatch. */
    public double scale(double reference, long minibatch, long referenceMinibatch) {
        return reference * factor((double) minibatch / referenceMinibatch);
    }
}
