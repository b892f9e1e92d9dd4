package dev.lockstep.model;

import dev.lockstep.image.ImageShape;
import dev.lockstep.network.ClassificationTask;
import dev.lockstep.network.Network;
import dev.lockstep.network.NetworkShape;
import dev.lockstep.recipe.Recipe;
import java.util.Optional;

/**
 * A network that recipes can name and whose module is written by hand. {@link Network} describes how it is found.
 * {@code plan} knows its size if it overrides {@link #shape}.
 *
 * <pre>{@code
 * public final class MyNetwork implements TorchNetwork {
 *   public List<String> names() { return List.of("my-network"); }
 *   public ImageClassifier create(Recipe.Model settings, ImageShape input, int classes) { return new MyModule(…); }
 * }
 * }</pre>
 */
public interface TorchNetwork extends Network, ModelFactory {
    /**
     * @param settings name one of {@link #names}
     * @throws dev.lockstep.errors.LockstepException of kind RECIPE when it does not support the settings
     */
    @Override
    ImageClassifier create(Recipe.Model settings, ImageShape input, int classes);

    @Override
    default Optional<NetworkShape> shape(Recipe.Model settings, ClassificationTask task) {
        return Optional.empty();
    }
}
