package dev.lockstep.study;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeDifference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The state in which an earlier execution left a run's folder. */
final class RunFolder {
    private static final String RECIPE = "recipe.yaml";

    private RunFolder() {}

    /**
     * The summary of a finished run; empty when the run must still be started or resumed.
     *
     * @throws LockstepException of kind RECIPE when the folder holds a run of another recipe
     */
    static Optional<RunSummary> finished(StudyRun run, RunExecutor executor) {
        boolean ended = Files.exists(run.folder().resolve(RunResult.NAME));
        Path recipe = run.folder().resolve(RECIPE);
        if (!Files.exists(recipe) || !isSame(run, executor, recipe, ended) || !ended) {
            return Optional.empty();
        }
        RunResult result = RunResult.read(run.folder());
        return result.status() == RunResult.Status.INTERRUPTED ? Optional.empty() : Optional.of(summary(run, result));
    }

    static RunSummary summary(StudyRun run, RunResult result) {
        Path metrics = run.folder().resolve(MetricsFile.NAME);
        boolean none = result.status() == RunResult.Status.DIVERGED && !Files.exists(metrics);
        return RunSummary.of(run, result, none ? MetricsFile.empty() : MetricsFile.read(metrics));
    }

    /**
     * Checks the recipe in the folder. Returns false when an unfinished run was killed while writing it; the run will
     * write it again.
     */
    private static boolean isSame(StudyRun run, RunExecutor executor, Path file, boolean ended) {
        Recipe there;
        try {
            there = Recipe.read(file);
        } catch (LockstepException e) {
            if (ended) {
                throw e;
            }
            return false;
        }
        List<String> differing = RecipeDifference.all(run.recipe(), there);
        if (!differing.isEmpty()) {
            differing = RecipeDifference.all(executor.resolved(run), there);
        }
        if (!differing.isEmpty()) {
            throw LockstepException.recipe(
                    "run folder holds a run with a different recipe: " + String.join(", ", differing),
                    "values of this study (values in the folder), folder = " + run.folder(),
                    "choose another output folder, or remove this one to train again");
        }
        return true;
    }
}
