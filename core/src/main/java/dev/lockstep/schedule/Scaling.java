package dev.lockstep.schedule;

/** How the learning rate follows the minibatch size kn (paper, section 2.1; the alternatives are those of Table 2a). */
public enum Scaling {
    /** Multiplies the rate by the ratio of the minibatches: the linear scaling rule. */
    LINEAR {
        @Override
        double factor(double ratio) {
            return ratio;
        }
    },
    /** Multiplies the rate by the square root of the ratio; this loses accuracy (Table 2a). */
    SQUARE_ROOT {
        @Override
        double factor(double ratio) {
            return Math.sqrt(ratio);
        }
    },
    /** Uses the reference rate for every minibatch. */
    NONE {
        @Override
        double factor(double ratio) {
            return 1;
        }
    };

    abstract double factor(double ratio);

    /** The scaled rate η̂ for a minibatch, from the rate η of the reference minibatch. */
    public double scale(double reference, long minibatch, long referenceMinibatch) {
        return reference * factor((double) minibatch / referenceMinibatch);
    }
}
