package dev.lockstep.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;

/** Numbers as a reader wants them. */
final class Numbers {
    static final String NONE = "–";

    private Numbers() {}

    /** A fraction in per cent with two digits. */
    static String percent(double fraction) {
        return Double.isFinite(fraction) ? String.format(Locale.ROOT, "%.2f", 100 * fraction) : NONE;
    }

    /** Mean ± standard deviation in per cent; without the latter where it is not known. */
    static String percent(double mean, double deviation) {
        return percent(mean) + (Double.isFinite(deviation) ? " ± " + percent(deviation) : "");
    }

    static String points(double fraction) {
        return Double.isFinite(fraction) ? String.format(Locale.ROOT, "%+.2f", 100 * fraction) : NONE;
    }

    /** Four significant digits. */
    static String significant(double value) {
        return Double.isFinite(value)
                ? new BigDecimal(value)
                        .round(new MathContext(4))
                        .stripTrailingZeros()
                        .toPlainString()
                : NONE;
    }

    static String whole(double value) {
        return Double.isFinite(value) ? String.format(Locale.ROOT, "%,.0f", value) : NONE;
    }

    static String minutes(double seconds) {
        if (!Double.isFinite(seconds)) {
            return NONE;
        }
        return seconds < 90
                ? String.format(Locale.ROOT, "%.0f s", seconds)
                : String.format(Locale.ROOT, "%.1f min", seconds / 60);
    }
}
