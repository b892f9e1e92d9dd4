package dev.lockstep.study;

import dev.lockstep.errors.LockstepException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Runs that other studies have finished, from their summaries. What a run ends with is a function of its recipe and the
 * data, so a recipe that differs in its name alone need not be trained again.
 */
final class EarlierRuns {
    private final Map<String, RunSummary> byRecipe = new HashMap<>();

    /**
     * @param places {@code summary.json} files, or the folders of studies
     * @throws LockstepException of kind DATA when one holds no summary
     */
    EarlierRuns(List<Path> places) {
        for (Path place : places) {
            Path file = Files.isDirectory(place) ? place.resolve(StudyResults.SUMMARY) : place;
            StudyResults.readRuns(file).forEach(run -> byRecipe.putIfAbsent(run.recipeSha256(), run));
        }
    }

    /** What a run would end with. */
    Optional<RunSummary> of(StudyRun run) {
        return Optional.ofNullable(byRecipe.get(run.recipeSha256())).map(earlier -> earlier.as(run));
    }
}
