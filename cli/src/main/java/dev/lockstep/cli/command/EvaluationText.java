package dev.lockstep.cli.command;

import dev.lockstep.errors.Printable;
import dev.lockstep.train.AnswerSheet;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** What {@code eval} found, for people: totals, the classes with the highest error, and what they are taken for. */
final class EvaluationText {
    private static final int MOST_CLASSES = 10;

    private EvaluationText() {}

    static String of(Evaluation found) {
        List<String> lines = new ArrayList<>();
        int bad = found.badImages().size();
        lines.add(line(
                "%s on %,d validation images of %s%s",
                found.model(),
                found.images(),
                found.dataset(),
                bad == 0 ? "" : ", " + bad + " of them bad (replaced)"));
        lines.add(error("top-1", found.validationTop1Error(), found.images()));
        if (found.validationTop5Error() != null) {
            lines.add(error("top-5", found.validationTop5Error(), found.images()));
        }
        lines.add(line("loss %.4f", found.validationLoss()));
        lines.add(calibration(found.calibration()));
        addClasses(found, lines);
        return String.join("\n", lines);
    }

    private static String error(String name, double fraction, int images) {
        return line("%s error %.2f %% (%,d wrong)", name, 100 * fraction, Math.round(fraction * images));
    }

    private static String calibration(AnswerSheet.Calibration calibration) {
        double images =
                calibration.bins().stream().mapToInt(AnswerSheet.Bin::images).sum();
        double confidence = calibration.bins().stream()
                        .mapToDouble(bin -> bin.images() * bin.confidence())
                        .sum()
                / images;
        return line(
                "calibration error %.2f points (mean confidence %.2f %%)",
                100 * calibration.expectedError(), 100 * confidence);
    }

    private static void addClasses(Evaluation found, List<String> lines) {
        List<AnswerSheet.ClassResult> all = found.classes().stream()
                .filter(result -> result.images() > 0)
                .sorted(Comparator.comparingDouble(AnswerSheet.ClassResult::error)
                        .reversed())
                .toList();
        List<AnswerSheet.ClassResult> shown = all.subList(0, Math.min(MOST_CLASSES, all.size()));
        int width = shown.stream()
                .mapToInt(result -> Printable.of(result.name()).length())
                .max()
                .orElse(0);
        lines.add(all.size() > shown.size() ? "error by class, the highest of " + all.size() + ":" : "error by class:");
        for (AnswerSheet.ClassResult result : shown) {
            String name = Printable.of(result.name());
            lines.add(line(
                    "  %s%s  %6.2f %% of %,d%s",
                    name,
                    " ".repeat(width - name.length()),
                    100 * result.error(),
                    result.images(),
                    takenFor(found, found.classes().indexOf(result))));
        }
    }

    /** The most frequent wrong answer for a class. */
    private static String takenFor(Evaluation found, int label) {
        int[] row = found.confusion()[label];
        int most = -1;
        for (int c = 0; c < row.length; c++) {
            most = c != label && row[c] > 0 && (most < 0 || row[c] > row[most]) ? c : most;
        }
        return most < 0
                ? ""
                : line(
                        ", %,d taken for %s",
                        row[most], Printable.of(found.classes().get(most).name()));
    }

    private static String line(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
