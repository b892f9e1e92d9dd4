package dev.lockstep.network;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.errors.Spelling;
import dev.lockstep.recipe.Recipe;
import java.util.Collection;
import java.util.List;

/** The names of layers in a recipe. A layer's name includes all below it: {@code layer1} is also {@code layer1.0.conv1.weight}. */
public final class LayerNames {
    private LayerNames() {}

    /** Whether a parameter, or a layer, belongs to a layer. */
    public static boolean isWithin(String name, String layer) {
        return name.startsWith(layer) && (name.length() == layer.length() || name.charAt(layer.length()) == '.');
    }

    /**
     * Checks the layers that a recipe freezes or gives a learning rate of their own.
     *
     * @param parameters the names of a network's parameters, in its order
     * @throws LockstepException of kind RECIPE when the network has no layer of a name, or all are frozen
     */
    public static void require(Recipe recipe, List<String> parameters) {
        String network = recipe.model().name();
        List<String> frozen = recipe.model().frozen();
        requireKnown("model.frozen", frozen, parameters, network);
        requireKnown("learning-rate.factors", recipe.learningRate().factors().keySet(), parameters, network);
        if (parameters.stream().allMatch(name -> frozen.stream().anyMatch(layer -> isWithin(name, layer)))) {
            throw LockstepException.recipe(
                    "every layer is frozen",
                    "model.frozen = " + frozen + ", model.name = " + network,
                    "leave out the layers to train");
        }
    }

    private static void requireKnown(String key, Collection<String> names, List<String> parameters, String network) {
        for (String name : names) {
            if (parameters.stream().noneMatch(parameter -> isWithin(parameter, name))) {
                List<String> known = parameters.stream()
                        .map(parameter -> parameter.split("\\.", 2)[0])
                        .distinct()
                        .toList();
                throw LockstepException.recipe(
                        key + " names no layer: " + name,
                        "model.name = " + network,
                        Spelling.suggestion(name, known) + "use layers such as " + String.join(", ", known));
            }
        }
    }
}
