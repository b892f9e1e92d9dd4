package dev.lockstep.cli.command;

import dev.lockstep.errors.LockstepException;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Parses numbers with units from the command line. */
final class Quantities {
    private static final String NUMBER = "([0-9]+(?:\\.[0-9]+)?|\\.[0-9]+)\\s*";
    private static final Pattern BANDWIDTH = Pattern.compile(NUMBER + "([kMGT]?)(?:(bit|B)(?:/s)?|(bps))");
    private static final Pattern MEMORY = Pattern.compile(NUMBER + "([KMGT])(i?)B");
    private static final Pattern DURATION = Pattern.compile(NUMBER + "(ns|us|µs|ms|s|min|m|h|d)");
    private static final Map<String, Double> PREFIX = Map.of("", 1.0, "k", 1e3, "M", 1e6, "G", 1e9, "T", 1e12);
    private static final Map<String, Double> SECONDS = Map.of(
            "ns", 1e-9, "us", 1e-6, "µs", 1e-6, "ms", 1e-3, "s", 1.0, "min", 60.0, "m", 60.0, "h", 3600.0, "d",
            86_400.0);

    private Quantities() {}

    /** Parses a bandwidth, such as {@code 50Gbit} or {@code 1.2GB/s}, to bytes per second. */
    static double bytesPerSecond(String option, String text) {
        Matcher matcher = BANDWIDTH.matcher(text);
        if (!matcher.matches() || Double.parseDouble(matcher.group(1)) == 0) {
            throw LockstepException.recipe(
                    option + " = " + text, "not a bandwidth", "write, for example, 50Gbit or 1.2GB/s");
        }
        double units = Double.parseDouble(matcher.group(1)) * PREFIX.getOrDefault(matcher.group(2), 1.0);
        double bytes = "B".equals(matcher.group(3)) ? units : units / 8;
        return within(option, text, bytes, 1, 1e18, "give at least 1B/s and at most 1000000TB/s");
    }

    /** Parses a size of memory, such as {@code 80GiB} or {@code 141GB}, to bytes. */
    static long bytes(String option, String text) {
        Matcher matcher = MEMORY.matcher(text);
        if (!matcher.matches()) {
            throw LockstepException.recipe(
                    option + " = " + text, "not a size of memory", "write, for example, 80GiB or 141GB");
        }
        double unit = Math.pow(matcher.group(3).isEmpty() ? 1000 : 1024, 1 + "KMGT".indexOf(matcher.group(2)));
        double bytes = Double.parseDouble(matcher.group(1)) * unit;
        return (long) within(option, text, bytes, 1, 1e15, "give at most 1000TB");
    }

    /** Parses a duration, such as {@code 20us}, {@code 1.5h} or {@code 90min}, to seconds. */
    static double seconds(String option, String text) {
        Matcher matcher = DURATION.matcher(text);
        if (!matcher.matches()) {
            throw LockstepException.recipe(
                    option + " = " + text, "not a duration", "write, for example, 20us, 90min or 1h");
        }
        double seconds = Double.parseDouble(matcher.group(1)) * SECONDS.getOrDefault(matcher.group(2), 1.0);
        return within(option, text, seconds, 0, 1e9, "give at most 11574d");
    }

    /** Limits values so that results computed from them are finite. */
    private static double within(String option, String text, double value, double low, double high, String fix) {
        if (!(value >= low && value <= high)) {
            throw LockstepException.recipe(option + " = " + text, "out of range", fix);
        }
        return value;
    }
}
