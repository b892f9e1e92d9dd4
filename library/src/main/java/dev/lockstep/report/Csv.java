package dev.lockstep.report;

import java.util.List;

/** A table as comma-separated values (RFC 4180); a number that is NaN is an empty cell. */
public final class Csv {
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
        String text = value instanceof Double number && number.isNaN() ? "" : value.toString();
        return text.matches("[^\",\\r\\n]*") ? text : '"' + text.replace("\"", "\"\"") + '"';
    }
}
