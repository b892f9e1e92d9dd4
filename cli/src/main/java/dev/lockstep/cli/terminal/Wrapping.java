package dev.lockstep.cli.terminal;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Text in lines that fit a terminal. A terminal by itself would break them inside words. */
public final class Wrapping {
    /** A heading and the spaces after it, if the rest is a column of its own. */
    private static final Pattern HEADING = Pattern.compile("^(?:\\S+ {2,}| +)");

    private Wrapping() {}

    /**
     * The lines of a text, each wrapped so that its continuation stands below what follows its heading or indent. Drawn lines stay as
     * they are.
     */
    public static String lines(String text, int columns) {
        return text.lines()
                .map(line -> line.indexOf('│') >= 0 ? line : wrap(line, columns, " ".repeat(hanging(line))))
                .map(line -> line + "\n")
                .collect(Collectors.joining());
    }

    private static int hanging(String line) {
        Matcher heading = HEADING.matcher(line);
        return heading.find() ? heading.end() : 2;
    }

    /**
     * @param columns most characters of a line; only a longer word makes a longer line
     * @param indent of the lines that are added
     */
    public static String wrap(String text, int columns, String indent) {
        StringBuilder out = new StringBuilder();
        String rest = text;
        while (rest.length() > columns) {
            int start = rest.length() - rest.stripLeading().length();
            int cut = rest.lastIndexOf(' ', columns);
            if (cut <= start) {
                cut = rest.indexOf(' ', Math.max(start, columns));
            }
            if (cut < 0) {
                break;
            }
            out.append(rest.substring(0, cut).stripTrailing()).append('\n');
            rest = indent + rest.substring(cut).stripLeading();
        }
        return out.append(rest.stripTrailing()).toString();
    }
}
