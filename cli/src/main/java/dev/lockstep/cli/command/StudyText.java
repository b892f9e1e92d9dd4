package dev.lockstep.cli.command;

import dev.lockstep.study.Answer;
import dev.lockstep.study.StudyResults;
import java.nio.file.Path;
import java.util.Locale;

/** A study's results for a terminal: verdicts, then the table. */
final class StudyText {
    private StudyText() {}

    static String of(StudyResults results, Path page) {
        StringBuilder text = new StringBuilder();
        for (Answer answer : results.answers()) {
            text.append(answer.claim()).append(": ").append(answer.verdict());
            text.append("\n    ").append(answer.reason()).append('\n');
        }
        int width = results.rows().stream()
                .mapToInt(row -> row.variant().label().length())
                .max()
                .orElse(0);
        text.append('\n');
        for (StudyResults.Row row : results.rows()) {
            String label = row.variant().label();
            text.append(label).append(" ".repeat(width - label.length() + 2)).append(error(row));
            text.append(
                    row.variant().paper().isEmpty()
                            ? ""
                            : "  the paper: " + row.variant().paper());
            text.append('\n');
        }
        return text.append("\nreport ").append(page).toString();
    }

    private static String error(StudyResults.Row row) {
        int seeds = row.errors().size();
        String spread = seeds < 2
                ? ""
                : String.format(Locale.ROOT, " ± %.2f", 100 * row.errors().standardDeviation());
        return String.format(
                Locale.ROOT,
                "%6.2f%s %% (%d %s)",
                100 * row.errors().mean(),
                spread,
                seeds,
                seeds == 1 ? "seed" : "seeds");
    }
}
