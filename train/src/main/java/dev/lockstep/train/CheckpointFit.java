package dev.lockstep.train;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.network.ClassificationTask;
import dev.lockstep.network.ResolvedRecipe;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeDifference;
import java.util.List;
import java.util.Map;

/** Checks that resuming from a checkpoint gives the result that the recipe and the data define. */
final class CheckpointFit {
    private CheckpointFit() {}

    /**
     * @param task of the data
     * @param fingerprint of the data
     * @throws LockstepException of kind CHECKPOINT when it is of another recipe, of other data, or beyond the recipe's end
     */
    static void require(
            Checkpoint checkpoint, Recipe recipe, ClassificationTask task, String fingerprint, int iterationsPerEpoch) {
        List<String> differing = RecipeDifference.ofArithmetic(
                ResolvedRecipe.of(recipe, task), ResolvedRecipe.of(CheckpointRecipe.of(checkpoint, Map.of()), task));
        if (!differing.isEmpty()) {
            throw LockstepException.checkpoint(
                    "checkpoint is of another recipe: " + String.join(", ", differing),
                    "this recipe's values (the checkpoint's)",
                    "use the same recipe, or start anew");
        }
        if (!checkpoint.datasetFingerprint().equals(fingerprint)) {
            throw LockstepException.checkpoint(
                    "checkpoint is of other data",
                    "dataset fingerprint = " + fingerprint + " (the checkpoint's: " + checkpoint.datasetFingerprint()
                            + ")",
                    "use the same dataset, or start anew");
        }
        checkpoint.requirePosition(iterationsPerEpoch);
        long totalSteps = (long) recipe.epochs() * iterationsPerEpoch;
        if (checkpoint.step() > totalSteps) {
            throw LockstepException.checkpoint(
                    "checkpoint is beyond the end of the recipe: step = " + checkpoint.step(),
                    "epochs = " + recipe.epochs() + ", steps = " + totalSteps,
                    "give more epochs, resume from an earlier checkpoint, or start anew");
        }
    }
}
