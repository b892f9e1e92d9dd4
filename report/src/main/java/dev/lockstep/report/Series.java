package dev.lockstep.report;

import dev.lockstep.errors.Printable;
import java.util.Arrays;

/**
 * One curve in a figure. Points whose y is NaN are omitted.
 *
 * @param spread half the height of the error bar or band at each point; empty for none
 * @param color an index into the palette; 0 is the neutral color for a baseline
 * @param steps x in steps; empty if the x axis has no other unit
 * @param seconds x in seconds of training; empty likewise
 * @param low the smallest value of each point, if it stands for several; else empty
 * @param high the largest value likewise
 */
record Series(
        String name,
        double[] x,
        double[] y,
        double[] spread,
        int color,
        boolean dashed,
        double[] steps,
        double[] seconds,
        double[] low,
        double[] high) {
    private static final double[] NONE = {};

    Series {
        name = Printable.of(name);
        for (double[] each : new double[][] {y, spread, steps, seconds, low, high}) {
            if (each.length != x.length && (each.length != 0 || each == y)) {
                throw new IllegalArgumentException("x = " + x.length + ", another column = " + each.length + " values");
            }
        }
    }

    /** Without other axes. */
    Series(String name, double[] x, double[] y, double[] spread, int color, boolean dashed) {
        this(name, x, y, spread, color, dashed, NONE, NONE, NONE, NONE);
    }

    Series withAxes(double[] inSteps, double[] inSeconds) {
        return new Series(name, x, y, spread, color, dashed, inSteps, inSeconds, low, high);
    }

    Series withRange(double[] smallest, double[] largest) {
        return new Series(name, x, y, spread, color, dashed, steps, seconds, smallest, largest);
    }

    static Series line(String name, double[] x, double[] y, int color, boolean dashed) {
        return new Series(name, x, y, new double[0], color, dashed);
    }

    boolean isEmpty() {
        return Arrays.stream(y).allMatch(Double::isNaN);
    }

    /**
     * The same curve with at most {@code most} points: each is the mean of a group of consecutive points, at the last x
     * of the group.
     */
    Series thinned(int most) {
        if (x.length <= most) {
            return this;
        }
        double[] fewerX = new double[most];
        double[] fewerY = new double[most];
        for (int i = 0; i < most; i++) {
            int from = (int) ((long) i * x.length / most);
            int to = (int) ((long) (i + 1) * x.length / most);
            fewerX[i] = x[to - 1];
            fewerY[i] = Arrays.stream(y, from, to)
                    .filter(v -> !Double.isNaN(v))
                    .average()
                    .orElse(Double.NaN);
        }
        return line(name, fewerX, fewerY, color, dashed);
    }
}
