package dev.lockstep.launch;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Slurm's compact lists: of hosts, {@code node[01-03,7],gpu5-[1-2]n}, and of counts per host, {@code 2(x3),1}.
 *
 * @see <a href="https://slurm.schedmd.com/scontrol.html">scontrol show hostnames</a>
 */
final class HostList {
    /** More hosts than any group will have. */
    private static final int MOST = 65_536;

    private static final Pattern RANGE = Pattern.compile("([0-9]{1,9})(?:-([0-9]{1,9}))?");
    private static final Pattern COUNT = Pattern.compile("([0-9]{1,9})(?:\\(x([0-9]{1,6})\\))?");

    private HostList() {}

    /** The names, in order; empty when the text is not such a list. */
    static Optional<List<String>> hosts(String text) {
        List<String> hosts = new ArrayList<>();
        for (String part : split(text)) {
            List<String> names = expand(part);
            if (names.isEmpty() || hosts.size() + names.size() > MOST) {
                return Optional.empty();
            }
            hosts.addAll(names);
        }
        return Optional.of(hosts);
    }

    /** The parts between commas that are not in brackets. */
    private static List<String> split(String text) {
        List<String> parts = new ArrayList<>();
        int depth = 0;
        int start = 0;
        for (int i = 0; i < text.length(); i++) {
            char at = text.charAt(i);
            depth += at == '[' ? 1 : at == ']' ? -1 : 0;
            if (at == ',' && depth == 0) {
                parts.add(text.substring(start, i));
                start = i + 1;
            }
        }
        parts.add(text.substring(start));
        return parts;
    }

    /** All names of one part; none when it is malformed. */
    private static List<String> expand(String part) {
        int open = part.indexOf('[');
        int close = part.indexOf(']');
        if (open < 0 && close < 0) {
            return part.isEmpty() || part.chars().anyMatch(Character::isWhitespace) ? List.of() : List.of(part);
        }
        if (open < 0 || close < open) {
            return List.of();
        }
        List<String> numbers = numbers(part.substring(open + 1, close));
        String after = part.substring(close + 1);
        List<String> ends = after.isEmpty() ? List.of("") : expand(after);
        if (ends.isEmpty() || (long) numbers.size() * ends.size() > MOST) {
            return List.of();
        }
        List<String> names = new ArrayList<>();
        for (String number : numbers) {
            ends.forEach(end -> names.add(part.substring(0, open) + number + end));
        }
        return names;
    }

    /** The numbers of {@code 01-03,7}, with their leading zeros. */
    private static List<String> numbers(String ranges) {
        List<String> numbers = new ArrayList<>();
        for (String range : ranges.split(",", -1)) {
            Matcher matcher = RANGE.matcher(range);
            if (!matcher.matches()) {
                return List.of();
            }
            int first = Integer.parseInt(matcher.group(1));
            int last = matcher.group(2) == null ? first : Integer.parseInt(matcher.group(2));
            if (last < first || last - first >= MOST || numbers.size() + last - first >= MOST) {
                return List.of();
            }
            int digits = matcher.group(1).length();
            for (int number = first; number <= last; number++) {
                numbers.add(String.format(Locale.ROOT, "%0" + digits + "d", number));
            }
        }
        return numbers;
    }

    /** How many tasks host {@code index} has, from {@code 2(x3),1}; 0 when the text does not say it. */
    static int count(String text, int index) {
        long before = 0;
        for (String part : text.split(",", -1)) {
            Matcher matcher = COUNT.matcher(part);
            if (!matcher.matches()) {
                return 0;
            }
            before += matcher.group(2) == null ? 1 : Integer.parseInt(matcher.group(2));
            if (index >= 0 && index < before) {
                return Integer.parseInt(matcher.group(1));
            }
        }
        return 0;
    }
}
