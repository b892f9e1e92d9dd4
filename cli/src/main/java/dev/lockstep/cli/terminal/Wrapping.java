package dev.lockstep.cli.terminal;

import java.util.Arrays;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Text in lines that fit a terminal. A terminal by itself would break them inside words. */
public final class Wrapping {
    /** What separates columns. */
    private static final Pattern GAP = Pattern.compile("^ +| {2,}");
    /** What is drawn or to be pasted. */
    private static final Pattern WHOLE = Pattern.compile("│|(?:^|: ) *(?:\\./)?lockstep ");

    private Wrapping() {}

    /**
     * The lines of a text, each wrapped so that its continuation stands below the last column in which its words fit. Drawn lines and
     * commands stay as they are.
     */
    public static String lines(String text, int columns) {
        return text.lines()
                .map(line ->
                        WHOLE.matcher(line).find() ? line : wrap(line, columns, " ".repeat(hanging(line, columns))))
                .map(line -> line + "\n")
                .collect(Collectors.joining());
    }

    private static int longestWord(String line) {
        return Arrays.stream(line.split(" ", -1)).mapToInt(String::length).max().orElse(0);
    }

    private static int hanging(String line, int columns) {
        return GAP.matcher(line)
                .results()
                .map(MatchResult::end)
                .filter(end -> 3 * end <= 2 * columns && end + longestWord(line) <= columns)
                .reduce((first, last) -> last)
                .orElse(2);
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
