package dev.lockstep.cli.command;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.metrics.StepMetrics;
import dev.lockstep.plan.LocalForecast.Measurement;
import dev.lockstep.recipe.Recipe;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The speed of a run on this machine, from its folder. */
final class MeasuredRun {
    private static final int FEWEST_STEPS = 10;

    private MeasuredRun() {}

    /**
     * @param recipe to predict: keys that determine the cost of a worker must be the same
     */
    static Measurement read(Path run, Recipe recipe) {
        RunResult result = RunResult.read(run);
        if (result.processes() != 1) {
            throw LockstepException.recipe(
                    "--measured = " + run, "processes = " + result.processes(), "give a run of one process");
        }
        if (result.workers() < 1 || result.imagesPerWorker() < 1 || result.lanes() < 1) {
            throw LockstepException.recipe(
                    "--measured = " + run,
                    "its result has workers = " + result.workers() + ", images_per_worker = " + result.imagesPerWorker()
                            + ", lanes = " + result.lanes(),
                    "give the folder of a run of this version");
        }
        requireSameWork(run, recipe);
        List<StepMetrics> steps =
                MetricsFile.read(run.resolve(MetricsFile.NAME)).steps();
        // The first fifth warms up the JIT compiler, caches and memory.
        List<Double> seconds = steps.subList(steps.size() / 5, steps.size()).stream()
                .map(StepMetrics::stepSeconds)
                .filter(time -> time > 0 && Double.isFinite(time))
                .toList();
        if (seconds.size() < FEWEST_STEPS) {
            throw LockstepException.recipe(
                    "--measured = " + run,
                    "steps = " + steps.size() + " are too few to measure",
                    "give a run of at least " + FEWEST_STEPS * 5 / 4 + " steps");
        }
        return Measurement.of(
                result.workers(), result.imagesPerWorker(), result.lanes(), recipe.threadsPerWorker(), seconds);
    }

    private static void requireSameWork(Path run, Recipe recipe) {
        Path file = run.resolve("recipe.yaml");
        if (!Files.exists(file)) {
            return;
        }
        Recipe theirs = Recipe.read(file);
        requireSame(run, "workers", theirs.workers(), recipe.workers());
        requireSame(run, "images-per-worker", theirs.imagesPerWorker(), recipe.imagesPerWorker());
        requireSame(run, "threads-per-worker", theirs.threadsPerWorker(), recipe.threadsPerWorker());
        requireSame(run, "model.name", theirs.model().name(), recipe.model().name());
        requireSame(run, "model.width", theirs.model().width(), recipe.model().width());
        requireSame(run, "data.dataset", theirs.data().dataset(), recipe.data().dataset());
        requireSame(
                run, "data.image-size", theirs.data().imageSize(), recipe.data().imageSize());
    }

    private static void requireSame(Path run, String key, Object theirs, Object ours) {
        if (!theirs.equals(ours)) {
            throw LockstepException.recipe(
                    "--measured = " + run,
                    key + " = " + theirs + " there, " + ours + " in this recipe",
                    "measure a run of this recipe, or set the key with --set");
        }
    }
}
