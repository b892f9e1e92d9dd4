package dev.lockstep.study;

import dev.lockstep.metrics.Csv;
import java.util.Locale;

/**
 * The study's tables as CSV (RFC 4180). Errors are fractions at full precision, except in the table and the answers,
 * which round to percentage points.
 */
final class StudyTables {
    private StudyTables() {}

    static String table(StudyResults results) {
        Csv csv = new Csv(
                "variant",
                "label",
                "minibatch",
                "learning_rate",
                "seeds",
                "mean_error_percent",
                "std_error_percent",
                "baseline",
                "difference_points",
                "diverged",
                "paper");
        for (StudyResults.Row row : results.rows()) {
            csv.row(
                    row.variant().name(),
                    row.variant().label(),
                    row.minibatch(),
                    row.learningRate(),
                    row.errors().size(),
                    points(row.errors().mean()),
                    points(row.errors().standardDeviation()),
                    results.study().baselineOf(row.variant().name()).orElse(""),
                    points(results.difference(row)),
                    row.diverged(),
                    row.variant().paper());
        }
        return csv.toString();
    }

    static String runs(StudyResults results) {
        Csv csv = new Csv("variant", "seed", "minibatch", "learning_rate", "status", "error", "weights_sha256");
        for (RunSummary run : results.runs()) {
            csv.row(
                    run.variant(),
                    run.seed(),
                    run.minibatch(),
                    run.learningRate(),
                    run.status().name().toLowerCase(Locale.ROOT),
                    run.error(),
                    run.weightsSha256());
        }
        return csv.toString();
    }

    static String curves(StudyResults results) {
        Csv csv = new Csv("variant", "seed", "epoch", "train_top1_error", "validation_top1_error");
        for (RunSummary run : results.runs()) {
            for (int epoch = 0; epoch < run.trainingErrors().size(); epoch++) {
                csv.row(
                        run.variant(),
                        run.seed(),
                        epoch + 1,
                        run.trainingErrors().get(epoch),
                        run.validationErrors().get(epoch));
            }
        }
        return csv.toString();
    }

    static String answers(StudyResults results) {
        Csv csv = new Csv("claim", "verdict", "difference_points", "low_points", "high_points", "p", "reason");
        for (Answer answer : results.answers()) {
            csv.row(
                    answer.claim(),
                    answer.verdict(),
                    points(answer.difference()),
                    points(answer.low()),
                    points(answer.high()),
                    answer.p(),
                    answer.reason());
        }
        return csv.toString();
    }

    private static String points(double fraction) {
        return Double.isNaN(fraction) ? "" : String.format(Locale.ROOT, "%.3f", 100 * fraction);
    }
}
