package dev.lockstep.study;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.report.MetricsFile;
import dev.lockstep.report.RunResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** What an earlier session has left of a run. */
final class RunFolder {
    private RunFolder() {}

    /**
     * The summary of a run that has reached its end; empty when it must still run, wholly or in part.
     *
     * @throws LockstepException of kind RECIPE when the folder holds a run of another recipe
     */
    static Optional<RunSummary> finished(StudyRun run) {
        Path recipe = run.folder().resolve("recipe.yaml");
        if (!Files.exists(recipe)) {
            return Optional.empty();
        }
        requireSame(run, recipe);
        if (!Files.exists(run.folder().resolve(RunResult.NAME))) {
            return Optional.empty();
        }
        RunResult result = RunResult.read(run.folder());
        return result.status() == RunResult.Status.INTERRUPTED ? Optional.empty() : Optional.of(summary(run, result));
    }

    static RunSummary summary(StudyRun run, RunResult result) {
        Path metrics = run.folder().resolve(MetricsFile.NAME);
        boolean none = result.status() == RunResult.Status.DIVERGED && !Files.exists(metrics);
        return RunSummary.of(run, result, none ? new MetricsFile(List.of(), List.of()) : MetricsFile.read(metrics));
    }

    private static void requireSame(StudyRun run, Path file) {
        if (Recipe.read(file).equals(run.recipe())) {
            return;
        }
        throw LockstepException.recipe(
                "run folder holds a run of another recipe: " + firstDifference(file, run.recipe()),
                "folder = " + run.folder(),
                "give another --out, or remove the folder to train it again");
    }

    private static String firstDifference(Path file, Recipe wanted) {
        try {
            List<String> there = Files.readAllLines(file);
            List<String> here = Arrays.asList(wanted.toYaml().split("\n"));
            for (int i = 0; i < Math.min(there.size(), here.size()); i++) {
                if (!there.get(i).equals(here.get(i))) {
                    return there.get(i).strip() + " there, " + here.get(i).strip() + " in the study";
                }
            }
            return "its keys are not those of the study";
        } catch (IOException e) {
            throw LockstepException.data("recipe cannot be read: " + e, "file = " + file, "check the file");
        }
    }
}
