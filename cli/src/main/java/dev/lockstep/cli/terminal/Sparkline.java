package dev.lockstep.cli.terminal;

import java.util.List;

/** A curve one character high. */
public final class Sparkline {
    private static final String EIGHTHS = "▁▂▃▄▅▆▇█";

    private Sparkline() {}

    /**
     * The last values from left to right, the smallest as the lowest block; those that are not finite are left out.
     *
     * @param most the width in characters
     */
    public static String of(List<Double> values, int most) {
        List<Double> shown = values.stream().filter(Double::isFinite).toList();
        shown = shown.subList(Math.max(0, shown.size() - most), shown.size());
        double low = shown.stream().mapToDouble(Double::doubleValue).min().orElse(0);
        double high = shown.stream().mapToDouble(Double::doubleValue).max().orElse(0);
        StringBuilder text = new StringBuilder();
        for (double value : shown) {
            double part = high > low ? (value - low) / (high - low) : 0;
            text.append(EIGHTHS.charAt((int) Math.round(part * (EIGHTHS.length() - 1))));
        }
        return text.toString();
    }
}
