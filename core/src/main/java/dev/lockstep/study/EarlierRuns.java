package dev.lockstep.study;

import dev.lockstep.errors.LockstepException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Runs that other studies have finished, from their summaries. What a run ends with is a function of its recipe and the
 * data, so a recipe that differs in its name alone need not be trained again.
 */
final class EarlierRuns {
    private final List<StudyResults.Summary> studies = new ArrayList<>();

    /**
     * @param places {@code summary.json} files, or the folders of studies
     * @throws LockstepException of kind DATA when one holds no summary
     */
    EarlierRuns(List<Path> places) {
        for (Path place : places) {
            studies.add(
                    StudyResults.readSummary(Files.isDirectory(place) ? place.resolve(StudyResults.SUMMARY) : place));
        }
    }

    /**
     * What a run would end with.
     *
     * @param datasetFingerprint of the data that it would train on; empty when that is not known, then any will do
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
