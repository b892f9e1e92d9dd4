package dev.lockstep.study;

import java.util.Locale;

/** Numbers as sentences; differences come as fractions and are shown in points. */
final class Text {
    private Text() {}

    static String plain(double value) {
        return java.math.BigDecimal.valueOf(value).stripTrailingZeros().toPlainString();
    }

    /** Four digits. */
    static String significant(double value) {
        return new java.math.BigDecimal(value)
                .round(new java.math.MathContext(4))
                .stripTrailingZeros()
                .toPlainString();
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

    /** 0 stands for none. */
    static String elbow(int flat, int worse) {
        String flatText = flat == 0 ? "no minibatch is shown to match" : "matches up to kn = " + flat;
        String worseText = worse == 0 ? "none is shown to be worse" : "worse from kn = " + worse;
        return flatText + ", " + worseText + (flat > 0 && worse > 0 ? ": the elbow lies between" : "");
    }
}
