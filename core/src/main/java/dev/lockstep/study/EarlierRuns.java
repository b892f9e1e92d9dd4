package dev.lockstep.study;

import dev.lockstep.errors.LockstepException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Finished runs of other studies, read from their summaries. A run's result depends only on its recipe and the data, so
 * a recipe that differs only in its name need not be trained again.
 */
final class EarlierRuns {
    private final List<StudyResults.Summary> studies = new ArrayList<>();

    /**
     * @param places {@code summary.json} files or study folders
     * @throws LockstepException of kind DATA when one holds no summary
     */
    EarlierRuns(List<Path> places) {
        for (Path place : places) {
            studies.add(
                    StudyResults.readSummary(Files.isDirectory(place) ? place.resolve(StudyResults.SUMMARY) : place));
        }
    }

    /**
     * Finds the result of a run.
     *
     * @param datasetFingerprint the fingerprint of the data the run would train on; empty if unknown, which matches any
     *     data
     */
    Optional<RunSummary> of(StudyRun run, String datasetFingerprint) {
        String recipe = run.recipeSha256();
        for (StudyResults.Summary study : studies) {
            for (RunSummary earlier : study.runs()) {
                if (earlier.recipeSha256().equals(recipe)
                        && (datasetFingerprint.isEmpty()
                                || earlier.datasetFingerprint().equals(datasetFingerprint))) {
                    return Optional.of(earlier.as(run, study.study()));
                }
            }
        }
        return Optional.empty();
    }
}
