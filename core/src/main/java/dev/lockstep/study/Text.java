package dev.lockstep.study;

import java.util.Locale;
import java.util.stream.Collectors;

/** Formats numbers as phrases. Differences are given as fractions and shown in percentage points. */
final class Text {
    private Text() {}

    static String plain(double value) {
        return java.math.BigDecimal.valueOf(value).stripTrailingZeros().toPlainString();
    }

    static String points(double value) {
        return plain(value) + (value == 1 ? " point" : " points");
    }

    static String difference(double value, double half, double level) {
        return String.format(
                Locale.ROOT,
                "difference %+.2f points, %s %% interval %+.2f to %+.2f",
                100 * value,
                plain(100 * (1 - 2 * level)),
                100 * (value - half),
                100 * (value + half));
    }

    static String distance(double value, double high, double level) {
        return String.format(
                Locale.ROOT,
                "mean absolute difference %.2f points, at most %.2f with %s %% confidence",
                100 * value,
                100 * high,
                plain(100 * (1 - level)));
    }

    static String pValue(double p) {
        return p < 0.001 ? ", p < 0.001" : String.format(Locale.ROOT, ", p = %.3f", p);
    }

    static String elbow(Elbow elbow) {
        String flat = elbow.flat() == 0 ? "no minibatch shown to match" : "matches up to kn = " + elbow.flat();
        String worse = elbow.worse().isEmpty()
                ? "none shown to be worse"
                : "worse at kn = "
                        + elbow.worse().stream().map(Object::toString).collect(Collectors.joining(", "));
        String between = elbow.verdict() == Verdict.HOLDS
                ? ": the elbow lies between " + elbow.flat() + " and "
                        + elbow.worse().get(0)
                : "";
        return flat + ", " + worse + between;
    }
}
