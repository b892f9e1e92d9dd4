package dev.lockstep.report;

import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.Event;
import dev.lockstep.metrics.JsonLinesSink;
import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.metrics.RunListener;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.metrics.StepMetrics;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import dev.lockstep.study.Study;
import dev.lockstep.study.StudyListener;
import dev.lockstep.study.StudyResults;
import dev.lockstep.study.StudyRun;
import dev.lockstep.study.StudyRunner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Run and study folders in the form in which training leaves them, with invented numbers. */
final class FakeRuns {
    static final String RECIPE = """
            name: base
            epochs: 20
            workers: 2
            data:
              dataset: synthetic
            model:
              name: resnet8
            learning-rate:
              reference: 0.025
              reference-minibatch: 64
              warmup: {kind: gradual, epochs: 3}
              schedule: {kind: step, epochs: [8, 16], factor: 0.1}
            """;

    static final String STUDY = """
            name: table
            title: Gradual warmup <matches> the baseline
            about: |
              First paragraph & more.

              Second paragraph.
            recipe: base.yaml
            variants:
              - {name: small, label: kn = 64, paper: 23.60 ± 0.12}
              - {name: gradual, label: "kn = 512, gradual warmup", set: {workers: 16}, paper: 23.74 ± 0.09}
              - name: none
                label: kn = 512, no warmup
                set: {workers: 16, learning-rate.warmup.kind: none}
            seeds: [1, 2, 3]
            questions:
              - {kind: matches, variant: gradual, baseline: small, margin-points: 0.5}
              - {kind: worse-than, variant: none, baseline: small}
              - {kind: worse-than, variant: gradual, baseline: small}
              - {kind: matches, variant: none, baseline: small, margin-points: 0.5}
            error-by-minibatch: true
            """;

    private FakeRuns() {}

    static Path run(Path folder, String name) {
        Path run = folder.resolve(name);
        train(run, RecipeFile.parse(RECIPE, "base", Map.of("name", name)), name.hashCode(), 0);
        return run;
    }

    static Study study(Path folder) {
        try {
            Files.writeString(folder.resolve("base.yaml"), RECIPE);
            return Study.read(Files.writeString(folder.resolve("study.yaml"), STUDY));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    static StudyResults results(Study study, Path out) {
        try {
            return new StudyRunner(study, out, List.of(), FakeRuns::pretend, new StudyListener() {}).run(1);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static RunResult pretend(StudyRun run) {
        double shift = run.variant().name().equals("none") ? 0.02 : 0;
        return train(run.folder(), run.recipe(), run.title().hashCode(), shift);
    }

    private static RunResult train(Path folder, Recipe recipe, int seed, double shift) {
        Random random = new Random(seed);
        int perEpoch = 40;
        double level = 0.1 + shift + 0.001 * random.nextGaussian();
        List<EpochMetrics> epochs = new ArrayList<>();
        try {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("recipe.yaml"), recipe.toYaml());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        try (RunListener sink = JsonLinesSink.open(folder.resolve(MetricsFile.NAME), 0, notice -> {})) {
            for (int e = 0; e < recipe.epochs(); e++) {
                double error = level + 0.5 / (e + 1) / (e + 1) + 0.002 * random.nextGaussian();
                for (int i = 0; i < perEpoch; i++) {
                    double rate = recipe.schedule(perEpoch).at((long) e * perEpoch + i);
                    sink.on(new Event.Step(new StepMetrics(
                            (long) e * perEpoch + i + 1, e, rate, 3 * error, error, 5000, 0.1, 0, 0, Double.NaN)));
                }
                EpochMetrics epoch =
                        new EpochMetrics(e, (e + 1L) * perEpoch, 3 * error, error, error + 0.01, Double.NaN, 0.4, 11);
                epochs.add(epoch);
                sink.on(new Event.Epoch(epoch));
            }
        }
        double median = MetricsFile.medianOfLastFive(epochs.size(), epochs);
        RunResult result = new RunResult(
                RunResult.Status.COMPLETED,
                "ab",
                "data",
                800,
                epochs.size(),
                median,
                Double.NaN,
                0.4,
                median,
                0.4,
                0.1,
                5000,
                220,
                recipe.workers(),
                recipe.imagesPerWorker(),
                1,
                1,
                0);
        result.write(folder);
        return result;
    }
}
