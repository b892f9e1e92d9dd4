package dev.lockstep.text;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;

/** Formats numbers for people. */
public final class Format {
    /** Stands for an unknown number. */
    public static final String NONE = "–";

    public static final long MIB = 1L << 20;
    public static final long GIB = 1L << 30;

    private static final String[] DECIMAL = {"", "k", "M", "G", "T", "P"};
    private static final int MINUTE = 60;
    private static final int HOUR = 60 * MINUTE;
    private static final int DAY = 24 * HOUR;

    private Format() {}

    /** With thousands separators: {@code 1,281,167}. */
    public static String count(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    /** With a noun whose plural ends in s: {@code 1 step}, {@code 20 steps}. */
    public static String count(long value, String noun) {
        return count(value) + " " + noun + (value == 1 ? "" : "s");
    }

    /** Without decimals and with thousands separated; {@link #NONE} if not finite. */
    public static String whole(double value) {
        return fixed(value, 0);
    }

    /** A fixed number of decimals: {@code 11.61}. */
    public static String fixed(double value, int decimals) {
        return Double.isFinite(value) ? String.format(Locale.ROOT, "%,." + decimals + "f", value) : NONE;
    }

    /** Rounds to significant digits, without trailing zeros or exponent. */
    public static String digits(double value, int digits) {
        if (!Double.isFinite(value)) {
            return Double.isNaN(value) ? NONE : "infinite";
        }
        BigDecimal rounded = new BigDecimal(value).round(new MathContext(digits));
        return rounded.signum() == 0 ? "0" : rounded.stripTrailingZeros().toPlainString();
    }

    /** Four significant digits: {@code 0.003974}. */
    public static String number(double value) {
        return digits(value, 4);
    }

    public static String percent(double fraction) {
        return digits(100 * fraction, 3) + " %";
    }

    /** A fraction as a percentage with two decimals and no sign: {@code 11.61}, as in tables. */
    public static String percentage(double fraction) {
        return fixed(100 * fraction, 2);
    }

    /** Mean ± standard deviation as percentages; without the latter if it is unknown. */
    public static String percentage(double mean, double deviation) {
        return percentage(mean) + (Double.isFinite(deviation) ? " ± " + percentage(deviation) : "");
    }

    /** An error rate with its sign: {@code 11.61 %}. */
    public static String error(double fraction) {
        return Double.isFinite(fraction) ? percentage(fraction) + " %" : NONE;
    }

    /** A difference of fractions in percentage points, signed: {@code +0.29}. */
    public static String points(double fraction) {
        return Double.isFinite(fraction) ? String.format(Locale.ROOT, "%+.2f", 100 * fraction) : NONE;
    }

    /** {@code 102 MB}: decimal prefixes. */
    public static String bytes(double bytes) {
        return scaled(bytes) + "B";
    }

    /** {@code 1.5 GiB}, {@code 300 MiB}: binary prefixes, for memory and disks. */
    public static String binaryBytes(long bytes) {
        return bytes >= GIB ? fixed((double) bytes / GIB, 1) + " GiB" : bytes / MIB + " MiB";
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
            return NONE;
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

    /** As a clock shows it, short and of steady width: {@code 48 s}, {@code 7:05} minutes, {@code 3:07:05} hours. */
    public static String clock(double seconds) {
        if (!Double.isFinite(seconds)) {
            return NONE;
        }
        long s = Math.round(seconds);
        if (s < MINUTE) {
            return s + " s";
        }
        return s < HOUR
                ? String.format(Locale.ROOT, "%d:%02d", s / MINUTE, s % MINUTE)
                : String.format(Locale.ROOT, "%d:%02d:%02d", s / HOUR, s % HOUR / MINUTE, s % MINUTE);
    }
}
