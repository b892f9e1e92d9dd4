package dev.lockstep.study;

import dev.lockstep.errors.Printable;
import dev.lockstep.text.Format;
import java.util.Locale;

/** A study's table and verdicts as Markdown. */
final class StudyMarkdown {
    private static final int LONGEST = 2000;

    private StudyMarkdown() {}

    static String of(StudyResults results) {
        StringBuilder text = new StringBuilder();
        text.append("| variant | validation error, % | seeds | minibatch | learning rate | paper (ImageNet), % |\n");
        text.append("| --- | --- | --- | --- | --- | --- |\n");
        for (StudyResults.Row row : results.rows()) {
            text.append(String.format(
                    Locale.ROOT,
                    "| %s | %s | %d%s | %d | %s | %s |\n",
                    cell(row.variant().label()),
                    error(row.errors()),
                    row.errors().size(),
                    row.diverged() == 0 ? "" : " (" + row.diverged() + " diverged)",
                    row.minibatch(),
                    Format.number(row.learningRate()),
                    row.variant().paper().isEmpty() ? "–" : cell(row.variant().paper())));
        }
        text.append('\n');
        for (Answer answer : results.answers()) {
            text.append(String.format(
                    "- %s: **%s** (%s).\n", cell(answer.claim()), answer.verdict(), cell(answer.reason())));
        }
        return text.toString();
    }

    /** Escapes text so that it neither ends the cell nor starts markup. */
    private static String cell(String text) {
        return Printable.of(text, LONGEST).replaceAll("[\\\\`|\\[\\]*_]|<(?=[A-Za-z/!?])", "\\\\$0");
    }

    private static String error(Sample errors) {
        String mean = String.format(Locale.ROOT, "%.2f", 100 * errors.mean());
        return errors.size() < 2
                ? mean
                : mean + String.format(Locale.ROOT, " ± %.2f", 100 * errors.standardDeviation());
    }
}
