package dev.lockstep.train;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import java.util.Map;

/** The recipe that a checkpoint carries. */
public final class CheckpointRecipe {
    private CheckpointRecipe() {}

    /**
     * Reads the recipe.
     *
     * @param overrides values by key path
     * @throws LockstepException of kind CHECKPOINT when it cannot be read; of kind RECIPE when an override is invalid
     */
    public static Recipe of(Checkpoint checkpoint, Map<String, String> overrides) {
        String name = "recipe of the checkpoint";
        try {
            Recipe own = RecipeFile.parse(checkpoint.recipe(), name, Map.of());
            if (overrides.isEmpty()) {
                return own;
            }
        } catch (LockstepException e) {
            throw LockstepException.checkpoint(
                    "the recipe of the checkpoint cannot be read: " + e.whatAndWhere(),
                    "step = " + checkpoint.step(),
                    "use the version of Lockstep that wrote it, or another checkpoint");
        }
        return RecipeFile.parse(checkpoint.recipe(), name, overrides);
    }
}
