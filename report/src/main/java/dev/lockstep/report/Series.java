package dev.lockstep.report;

import dev.lockstep.errors.Printable;
import java.util.Arrays;

/**
 * One curve in a figure. Points whose y is NaN are omitted.
 *
 * @param spread half the height of the error bar or band at each point; empty for none
 * @param color an index into the palette; 0 is the neutral color for a baseline
 */
record Series(String name, double[] x, double[] y, double[] spread, int color, boolean dashed) {
    Series {
        name = Printable.of(name);
        if (x.length != y.length || spread.length != 0 && spread.length != y.length) {
            throw new IllegalArgumentException(
                    "x = " + x.length + ", y = " + y.length + ", spread = " + spread.length + " values");
        }
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
