package dev.lockstep.evidence.record;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Results as Markdown: a line for each result, then one table of all their cases. */
final class Tables {
    private Tables() {}

    static String markdown(List<Result> results) {
        StringBuilder text = new StringBuilder();
        for (Result result : results) {
            text.append(results.size() > 1 ? "- " : "").append(heading(result)).append('\n');
        }
        String common = commonExpectation(results);
        if (!common.isEmpty()) {
            text.append("\nExpected and seen in each case: ").append(common).append(".\n");
        }
        return text.append('\n').append(table(results, common.isEmpty())).toString();
    }

    private static String heading(Result result) {
        long good = result.cases().stream().filter(CaseResult::good).count();
        String verdict = good == result.cases().size() ? "as expected" : "as expected, **the others not**";
        String skipped = result.skipped().isEmpty() ? "" : " Skipped: " + String.join("; ", result.skipped()) + ".";
        return "`%s`, %s, %s%s%s: %d of %d cases %s.%s"
                .formatted(
                        result.command(),
                        result.date(),
                        result.machine().words(),
                        result.seconds() > 0 ? ", " + duration(result.seconds()) : "",
                        result.transcribed() ? ", copied from an older document" : "",
                        good,
                        result.cases().size(),
                        verdict,
                        skipped);
    }

    /** The expectation of all cases; empty unless it is the same for several. */
    private static String commonExpectation(List<Result> results) {
        Set<String> seen = results.stream()
                .flatMap(result -> result.cases().stream())
                .map(CaseResult::seen)
                .collect(Collectors.toSet());
        long cases = results.stream().mapToLong(result -> result.cases().size()).sum();
        return seen.size() == 1 && cases > 1 ? seen.iterator().next() : "";
    }

    private static String table(List<Result> results, boolean withSeen) {
        Set<String> columns = new LinkedHashSet<>();
        results.forEach(result ->
                result.cases().forEach(one -> columns.addAll(one.figures().keySet())));
        List<List<String>> rows = new ArrayList<>();
        for (Result result : results) {
            for (CaseResult one : result.cases()) {
                rows.add(row(one, columns, withSeen));
            }
        }
        List<String> titles = new ArrayList<>(List.of("case"));
        if (withSeen) {
            titles.add("seen, as expected");
        }
        titles.addAll(columns);
        StringBuilder text = new StringBuilder(line(titles))
                .append(line(titles.stream().map(title -> "---").toList()));
        rows.forEach(row -> text.append(line(row)));
        return text.toString();
    }

    private static List<String> row(CaseResult one, Set<String> columns, boolean withSeen) {
        List<String> row = new ArrayList<>(List.of(one.name()));
        if (withSeen) {
            row.add(one.good() ? one.seen() : "**NOT AS EXPECTED:** " + one.seen());
        }
        columns.forEach(column -> row.add(cell(one.figures(), column)));
        return row;
    }

    private static String cell(Map<String, Object> figures, String column) {
        Object value = figures.get(column);
        if (value == null) {
            return "";
        }
        if (value instanceof Integer || value instanceof Long) {
            return String.format(Locale.ROOT, "%,d", ((Number) value).longValue());
        }
        String text = value.toString();
        return text.matches("[0-9a-f]{64}") ? "`" + text.substring(0, 16) + "…`" : text;
    }

    static String line(List<String> cells) {
        return cells.stream().map(cell -> cell.replace("|", "\\|")).collect(Collectors.joining(" | ", "| ", " |"))
                + "\n";
    }

    static String duration(long seconds) {
        return seconds < 60 ? seconds + " s" : seconds / 60 + " min " + seconds % 60 + " s";
    }
}
