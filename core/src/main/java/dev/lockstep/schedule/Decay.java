package dev.lockstep.schedule;

import java.util.Arrays;

/** The factor by which the learning rate is multiplied at an iteration, counted from the start of training. */
@FunctionalInterface
public interface Decay {
    /** The factor at an iteration, counted from 0. */
    double factorAt(long iteration);

    /** No decay: a factor of 1 throughout. */
    static Decay none() {
        return iteration -> 1;
    }

    /**
     * Multiplies the rate by {@code factor} at each boundary (paper, section 5.1: by 0.1 at epochs 30, 60 and 80).
     *
     * @param boundaries the first iterations with the next factor, ascending
     */
    static Decay step(double factor, long... boundaries) {
        long[] ascending = boundaries.clone();
        for (int i = 1; i < ascending.length; i++) {
            if (ascending[i - 1] > ascending[i]) {
                throw new IllegalArgumentException(
                        "boundaries = " + Arrays.toString(ascending) + ": must be ascending");
            }
        }
        return iteration -> {
            double product = 1;
            for (long boundary : ascending) {
                if (iteration >= boundary) {
                    product *= factor;
                }
            }
            return product;
        };
    }

    /** Half a period of a cosine, from 1 at the start to 0 at iteration {@code total} (Loshchilov and Hutter 2017). */
    static Decay cosine(long total) {
        if (total < 1) {
            throw new IllegalArgumentException("total = " + total + ": must be at least 1");
        }
        return iteration -> 0.5 * (1 + StrictMath.cos(StrictMath.PI * Math.min(iteration, total) / total));
    }
}
