package dev.lockstep.study;

import dev.lockstep.metrics.RunResult;

/**
 * Trains one run to its end, in its folder; goes on where an earlier attempt in that folder stopped. Leaves {@code
 * recipe.yaml} and {@code metrics.jsonl} there. Called from several threads when runs go side by side.
 */
@FunctionalInterface
public interface RunExecutor {
    /**
     * @return completed or diverged
     * @throws dev.lockstep.errors.LockstepException when the run failed for another reason than divergence
     * @throws InterruptedException when the study stops; the run has ended by then
     */
    RunResult run(StudyRun run) throws InterruptedException;

    /** Of the data that a run would train on. Empty: not known, and finished runs count whatever theirs were. */
    default String datasetFingerprint(StudyRun run) {
        return "";
    }
}
