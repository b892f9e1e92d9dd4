package dev.lockstep.study;

import dev.lockstep.metrics.RunResult;
import dev.lockstep.recipe.Recipe;

/**
 * Trains one run to its end in its folder, resuming where an earlier attempt in that folder stopped. Writes {@code
 * recipe.yaml} and {@code metrics.jsonl} there. Called from several threads when runs execute in parallel.
 */
@FunctionalInterface
public interface RunExecutor {
    /**
     * Executes a run.
     *
     * @return the result, completed or diverged
     * @throws dev.lockstep.errors.LockstepException when the run failed for a reason other than divergence
     * @throws InterruptedException when the study is stopped; the run has ended by then
     */
    RunResult run(StudyRun run) throws InterruptedException;

    /**
     * The recipe as the run writes it into its folder, with the numbers that it leaves to its data and its network.
     */
    default Recipe resolved(StudyRun run) {
        return run.recipe();
    }

    /**
     * The fingerprint of the data that a run would train on. If empty (unknown), finished runs are accepted whatever
     * data they used.
     */
    default String datasetFingerprint(StudyRun run) {
        return "";
    }
}
