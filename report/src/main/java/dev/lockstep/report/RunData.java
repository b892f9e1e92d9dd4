package dev.lockstep.report;

import dev.lockstep.metrics.Environment;
import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.metrics.StepMetrics;
import dev.lockstep.recipe.Recipe;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * The contents of a run folder.
 *
 * @param name the name for legends, unique on the page
 * @param result the result; empty while the run is in progress
 */
record RunData(
        String name,
        Path folder,
        Recipe recipe,
        MetricsFile metrics,
        Optional<RunResult> result,
        Optional<Environment> environment) {

    /**
     * Reads a run folder.
     *
     * @throws dev.lockstep.errors.LockstepException when the folder holds no run
     */
    static RunData read(Path folder, String name) {
        Optional<RunResult> result =
                Files.exists(folder.resolve(RunResult.NAME)) ? Optional.of(RunResult.read(folder)) : Optional.empty();
        return new RunData(
                name,
                folder,
                Recipe.read(folder.resolve("recipe.yaml")),
                MetricsFile.read(folder.resolve(MetricsFile.NAME)),
                result,
                Environment.read(folder));
    }

    /** Iterations per epoch; if no epoch is finished and the run has not told, the number of steps so far. */
    double iterationsPerEpoch() {
        List<EpochMetrics> epochs = metrics.epochs();
        if (!epochs.isEmpty()) {
            return (double) epochs.get(0).step() / (epochs.get(0).epoch() + 1);
        }
        int told = environment.map(Environment::iterationsPerEpoch).orElse(0);
        return told > 0 ? told : Math.max(1, metrics.steps().size());
    }

    /** A quantity of every step, plotted against epochs. */
    Series steps(String label, int color, ToDoubleFunction<StepMetrics> number) {
        double perEpoch = iterationsPerEpoch();
        double[] x = metrics.steps().stream()
                .mapToDouble(step -> step.step() / perEpoch)
                .toArray();
        return Series.line(
                label, x, metrics.steps().stream().mapToDouble(number).toArray(), color, false);
    }

    /** A quantity of every epoch, plotted at its end. */
    Series epochs(String label, int color, boolean dashed, ToDoubleFunction<EpochMetrics> number) {
        double[] x = metrics.epochs().stream().mapToDouble(e -> e.epoch() + 1).toArray();
        return Series.line(
                label, x, metrics.epochs().stream().mapToDouble(number).toArray(), color, dashed);
    }
}
