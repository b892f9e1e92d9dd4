package dev.lockstep.report;

import dev.lockstep.plan.DatasetFacts;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.schedule.LearningRate;
import dev.lockstep.study.RunSummary;
import dev.lockstep.study.Sample;
import dev.lockstep.study.Study;
import dev.lockstep.study.StudyResults;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The plots of a study. Curves are means over the seeds, with one standard deviation on each side. */
final class StudyFigures {
    private static final int RATE_POINTS = 300;

    private final Study study;
    private final StudyResults results;
    private final String baseline;

    StudyFigures(Study study, StudyResults results) {
        this.study = study;
        this.results = results;
        this.baseline = study.file().commonBaseline();
    }

    /** The color of a variant: 0 for the baseline, the others in table order. */
    private int color(StudyResults.Row row) {
        if (row.variant().name().equals(baseline)) {
            return 0;
        }
        List<String> others = study.file().variants().stream()
                .map(variant -> variant.name())
                .filter(name -> !name.equals(baseline))
                .toList();
        return 1 + others.indexOf(row.variant().name()) % 9;
    }

    private List<RunSummary> runs(StudyResults.Row row) {
        return results.runs().stream()
                .filter(run -> run.variant().equals(row.variant().name()))
                .toList();
    }

    /** Figure 1 of the paper. */
    Figure errorByMinibatch() {
        List<Series> series = new ArrayList<>();
        if (study.file().errorByMinibatch()) {
            List<StudyResults.Row> rows = results.rows().stream()
                    .sorted(Comparator.comparingInt(StudyResults.Row::minibatch))
                    .toList();
            series.add(new Series(
                    "validation error",
                    rows.stream().mapToDouble(StudyResults.Row::minibatch).toArray(),
                    rows.stream().mapToDouble(row -> 100 * row.errors().mean()).toArray(),
                    rows.stream()
                            .mapToDouble(row -> 100 * row.errors().standardDeviation())
                            .toArray(),
                    1,
                    false));
        }
        return new Figure(
                "error-by-minibatch",
                "Error against minibatch",
                "minibatch kn, images",
                "validation error, %",
                "Mean over the seeds; bars show one standard deviation on each side (the paper’s Figure 1 shows two).",
                true,
                true,
                Double.NaN,
                series);
    }

    Figure training() {
        List<Series> series = curves(RunSummary::trainingErrors);
        return Figure.curves(
                "training-error",
                "Training error",
                "training error, %",
                "On the training images, measured during training; mean over the seeds ± one standard deviation."
                        + diverged(),
                Figure.topAfterStart(series),
                series);
    }

    Figure validation() {
        List<Series> series = curves(RunSummary::validationErrors);
        return Figure.curves(
                "validation-error",
                "Validation error",
                "validation error, %",
                "After each epoch; mean over the seeds ± one standard deviation." + diverged(),
                Figure.topAfterStart(series),
                series);
    }

    private List<Series> curves(Function<RunSummary, List<Double>> curve) {
        return results.rows().stream()
                .map(row -> curve(row, runs(row).stream().map(curve).toList()))
                .sorted(Comparator.comparingInt(Series::color))
                .toList();
    }

    /** Curves end at the first divergence, because a mean over the remaining seeds would look too good. */
    private String diverged() {
        String variants = results.rows().stream()
                .filter(row -> row.diverged() > 0)
                .map(row -> "“" + row.variant().label() + "” (" + row.diverged() + ")")
                .collect(Collectors.joining(", "));
        return variants.isEmpty() ? "" : " Curves end at the epoch where the first seed diverged: " + variants + ".";
    }

    private Series curve(StudyResults.Row row, List<List<Double>> curves) {
        int epochs = curves.stream().mapToInt(List::size).min().orElse(0);
        List<Sample> samples = IntStream.range(0, epochs)
                .mapToObj(e -> new Sample(
                        curves.stream().mapToDouble(curve -> 100 * curve.get(e)).toArray()))
                .toList();
        return new Series(
                row.variant().label(),
                IntStream.rangeClosed(1, epochs).asDoubleStream().toArray(),
                samples.stream().mapToDouble(Sample::mean).toArray(),
                samples.stream().mapToDouble(Sample::standardDeviation).toArray(),
                color(row),
                false);
    }

    Figure learningRate() {
        List<Series> series = results.rows().stream()
                .map(this::learningRate)
                .sorted(Comparator.comparingInt(Series::color))
                .toList();
        return Figure.curves(
                "learning-rate",
                "Learning rate",
                "learning rate η̂",
                "As set by the recipe, at up to " + RATE_POINTS + " iterations.",
                Double.NaN,
                series);
    }

    private Series learningRate(StudyResults.Row row) {
        Recipe recipe = study.recipe(row.variant().name());
        // The size of a user's own dataset is not known here, but the rate at a given fraction of an epoch hardly
        // depends on it.
        int perEpoch = DatasetFacts.of(recipe.data())
                .map(facts -> Math.max(1, facts.trainingImages() / recipe.minibatch()))
                .orElse(1000);
        LearningRate rate = recipe.schedule(perEpoch);
        long total = (long) recipe.epochs() * perEpoch;
        double[] iterations = IntStream.range(0, RATE_POINTS)
                .mapToDouble(i -> Math.floor((double) i / (RATE_POINTS - 1) * (total - 1)))
                .toArray();
        return Series.line(
                row.variant().label(),
                java.util.Arrays.stream(iterations).map(i -> i / perEpoch).toArray(),
                java.util.Arrays.stream(iterations).map(i -> rate.at((long) i)).toArray(),
                color(row),
                false);
    }
}
