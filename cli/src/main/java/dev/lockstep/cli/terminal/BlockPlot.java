package dev.lockstep.cli.terminal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A curve drawn with Unicode blocks: columns of eighths, from the bottom. */
public final class BlockPlot {
    private static final String EIGHTHS = " ▁▂▃▄▅▆▇█";

    private BlockPlot() {}

    /**
     * @param values one per column, at least 0
     * @param rows height in lines
     * @return the lines from the top, each as long as there are values; the largest value fills its column, and every
     *     value above 0 shows
     */
    public static List<String> lines(double[] values, int rows) {
        double top = Arrays.stream(values).max().orElse(0);
        List<String> lines = new ArrayList<>();
        for (int row = rows - 1; row >= 0; row--) {
            StringBuilder line = new StringBuilder();
            for (double value : values) {
                int below = row * 8;
                int filled = Math.max(0, Math.min(8, eighths(value, top, rows) - below));
                line.append(EIGHTHS.charAt(filled));
            }
            lines.add(line.toString());
        }
        return lines;
    }

    private static int eighths(double value, double top, int rows) {
        if (value <= 0 || top <= 0) {
            return 0;
        }
        return Math.max(1, (int) Math.round(value / top * rows * 8));
    }
}
