package dev.lockstep.cli;

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
            String format = "%-" + Math.max(1, width) + "s  %6.2f ± %4.2f %%  (%d seeds)%s%n";
            text.append(String.format(
                    Locale.ROOT,
                    format,
                    row.variant().label(),
                    100 * row.errors().mean(),
                    100 * row.errors().standardDeviation(),
                    row.errors().size(),
                    row.variant().paper().isEmpty()
                            ? ""
                            : "  the paper: " + row.variant().paper()));
        }
        return text.append("\nreport ").append(page).toString();
    }
}
