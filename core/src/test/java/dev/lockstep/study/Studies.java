package dev.lockstep.study;

import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.Event;
import dev.lockstep.metrics.JsonLinesSink;
import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.metrics.RunResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** A small study, and an executor that generates curves which, as in a real run, depend only on the recipe. */
final class Studies {
    static final String RECIPE = """
            name: base
            epochs: 6
            workers: 2
            data:
              dataset: synthetic
            model:
              name: resnet8
            """;

    static final String STUDY = """
            name: table
            title: Gradual warmup matches the baseline
            recipe: base.yaml
            set:
              model.width: 8
            variants:
              - name: small
                label: kn = 64
                set: {learning-rate.warmup.kind: none}
                paper: 23.60 ± 0.12
              - name: gradual
                set: {workers: 32}
                paper: 23.74 ± 0.09
              - name: none
                set: {workers: 32, learning-rate.warmup.kind: none}
            seeds: [1, 2, 3]
            questions:
              - {kind: matches, variant: gradual, baseline: small, margin-points: 0.5}
              - {kind: worse-than, variant: none, baseline: small}
              - {kind: curves-coincide, variant: gradual, baseline: small, margin-points: 1, after-epoch: 3}
            """;

    private Studies() {}

    static Path write(Path folder, String study) {
        try {
            Files.writeString(folder.resolve("base.yaml"), RECIPE);
            return Files.writeString(folder.resolve("study.yaml"), study);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    static Study study(Path folder) {
        return Study.read(write(folder, STUDY));
    }

    /**
     * Generates a run's curve from its variant and seed, without training. The variant without warmup is 3 points
     * worse.
     */
    static RunResult pretend(StudyRun run) {
        try {
            Files.writeString(run.folder().resolve("recipe.yaml"), run.recipe().toYaml());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        List<EpochMetrics> epochs = curve(run);
        try (JsonLinesSink sink = JsonLinesSink.open(run.folder().resolve(MetricsFile.NAME), 0, notice -> {})) {
            epochs.forEach(epoch -> sink.on(new Event.Epoch(epoch)));
        }
        RunResult result = result(RunResult.Status.COMPLETED, MetricsFile.medianOfLastFive(epochs.size(), epochs));
        result.write(run.folder());
        return result;
    }

    private static List<EpochMetrics> curve(StudyRun run) {
        Random random = new Random(run.title().hashCode());
        double shift = (run.variant().name().equals("none") ? 0.03 : 0) + 0.001 * random.nextGaussian();
        List<EpochMetrics> epochs = new ArrayList<>();
        for (int e = 0; e < run.recipe().epochs(); e++) {
            double error = 0.1 + 0.3 / (e + 1) + shift + 1e-4 * random.nextGaussian();
            epochs.add(
                    new EpochMetrics(e, 10L * (e + 1), 0.5, error, error + 0.01, Double.NaN, 0.4, random.nextDouble()));
        }
        return epochs;
    }

    static RunResult result(RunResult.Status status, double error) {
        return new RunResult(
                status, "ab", "data", 60, 6, error, Double.NaN, 0.4, error, 0.5, 0.1, 5000, 60, 2, 32, 1, 1, 0);
    }

    static RunSummary summary(String variant, long seed, int minibatch, double error, double... trainingErrors) {
        List<Double> curve = java.util.Arrays.stream(trainingErrors).boxed().toList();
        return new RunSummary(
                variant, seed, "", "", "", minibatch, 0.1, RunResult.Status.COMPLETED, "", error, curve, curve);
    }
}
