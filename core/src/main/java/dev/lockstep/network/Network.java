package dev.lockstep.network;

import dev.lockstep.recipe.Recipe;
import java.util.List;
import java.util.Optional;

/**
 * A network that recipes can name. Networks are found on the class path: a JAR that brings one has a public class with a
 * public constructor without arguments, and names it in {@code META-INF/services/dev.lockstep.network.Network}.
 *
 * <p>Implement {@link DescribedNetwork} for a network that is data, or {@code dev.lockstep.model.TorchNetwork} for a
 * libtorch module of your own.
 */
public interface Network {
    /** The valid forms of {@code model.name}: lower-case letters, digits, '-' and '_'. */
    List<String> names();

    /**
     * Its size; empty if that is known only after building it.
     *
     * @param settings name one of {@link #names}
     * @throws dev.lockstep.errors.LockstepException of kind RECIPE when it does not support the settings
     */
    Optional<NetworkShape> shape(Recipe.Model settings, ClassificationTask task);
}
