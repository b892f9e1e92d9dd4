package dev.lockstep.metrics;

import dev.lockstep.errors.Printable;
import java.util.List;

/**
 * A table as comma-separated values (RFC 4180); NaN is an empty cell. A text that a spreadsheet would evaluate
 * gets an apostrophe in front, so that it stays text.
 */
public final class Csv {
    private static final int LONGEST = 2000;
    private static final String FORMULA = "[=+@|%-].*";
    private static final String NUMBER = "[+-]?[0-9][0-9.,]*(E[+-]?[0-9]+)?";

    private final StringBuilder text = new StringBuilder();

    public Csv(Object... header) {
        row(header);
    }

    public void row(Object... cells) {
        text.append(String.join(",", List.of(cells).stream().map(Csv::cell).toList()))
                .append('\n');
    }

    @Override
    public String toString() {
        return text.toString();
    }

    private static String cell(Object value) {
        String text = value instanceof Double number && number.isNaN() ? "" : Printable.of(value.toString(), LONGEST);
        if (text.matches(FORMULA) && !text.matches(NUMBER)) {
            text = "'" + text;
        }
        return text.matches("[^\",\\r\\n]*") ? text : '"' + text.replace("\"", "\"\"") + '"';
    }
}
