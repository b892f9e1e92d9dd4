package dev.lockstep.network;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.recipe.Recipe;
import java.util.Optional;

/** A network that is data: its module and its shape follow from one description. */
public interface DescribedNetwork extends Network {
    /**
     * @param settings name one of {@link #names}
     * @throws LockstepException of kind RECIPE when it does not support the settings
     */
    NetworkGraph graph(Recipe.Model settings, ClassificationTask task);

    @Override
    default Optional<NetworkShape> shape(Recipe.Model settings, ClassificationTask task) {
        return Optional.of(graph(settings, task).shape());
    }

    /**
     * For networks whose layers have fixed widths.
     *
     * @param own channels of the first convolution
     */
    static void requireOwnWidth(Recipe.Model settings, int own) {
        if (settings.width() != 0 && settings.width() != own) {
            throw LockstepException.recipe(
                    "model.width = " + settings.width(),
                    "model.name = " + settings.name() + " has fixed widths",
                    "leave model.width out");
        }
    }
}
