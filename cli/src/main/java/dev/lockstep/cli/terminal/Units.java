package dev.lockstep.cli.terminal;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;

/** Numbers as people read them. */
public final class Units {
    private static final String[] DECIMAL = {"", "k", "M", "G", "T", "P"};
    private static final int MINUTE = 60;
    private static final int HOUR = 60 * MINUTE;
    private static final int DAY = 24 * HOUR;

    private Units() {}

    /** With thousands separated: {@code 1,281,167}. */
    public static String count(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    /** Some significant digits, without zeros at the end and without exponent. */
    public static String digits(double value, int digits) {
        if (!Double.isFinite(value)) {
            return Double.isNaN(value) ? "–" : "infinite";
        }
        BigDecimal rounded = new BigDecimal(value).round(new MathContext(digits));
        return rounded.signum() == 0 ? "0" : rounded.stripTrailingZeros().toPlainString();
    }

    /** Four digits: {@code 0.003974}. */
    public static String number(double value) {
        return digits(value, 4);
    }

    public static String percent(double fraction) {
        return digits(100 * fraction, 3) + " %";
    }

    /** {@code 102 MB}: decimal prefixes. */
    public static String bytes(double bytes) {
        return scaled(bytes) + "B";
    }

    /** {@code 8.18 G}, to be followed by a unit. */
    public static String scaled(double value) {
        int prefix = 0;
        double rest = value;
        while (rest >= 999.5 && Double.isFinite(rest) && prefix < DECIMAL.length - 1) {
            rest /= 1000;
            prefix++;
        }
        return digits(rest, 3) + " " + DECIMAL[prefix];
    }

    /** {@code 232 ms}, {@code 1.5 s}, {@code 12 min 5 s}, {@code 1 h 2 min}, {@code 3 d 4 h}. */
    public static String duration(double seconds) {
        if (!Double.isFinite(seconds)) {
            return "–";
        } else if (seconds == 0) {
            return "0 s";
        } else if (seconds < 1) {
            return seconds < 0.001 ? digits(seconds * 1e6, 3) + " µs" : digits(seconds * 1e3, 3) + " ms";
        } else if (seconds < MINUTE) {
            return digits(seconds, 3) + " s";
        }
        long whole = Math.round(seconds);
        if (whole < HOUR) {
            return whole / MINUTE + " min " + whole % MINUTE + " s";
        }
        return whole < DAY
                ? whole / HOUR + " h " + whole % HOUR / MINUTE + " min"
                : whole / DAY + " d " + whole % DAY / HOUR + " h";
    }
}
