package dev.lockstep.network;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.errors.Spelling;
import dev.lockstep.recipe.Recipe;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;

/** The networks on the class path. */
public final class Networks {
    private Networks() {}

    /** @throws LockstepException of kind RECIPE when a registered network cannot be loaded */
    public static List<Network> all() {
        try {
            List<Network> networks = new ArrayList<>();
            ServiceLoader.load(Network.class).forEach(networks::add);
            return networks;
        } catch (ServiceConfigurationError e) {
            throw LockstepException.recipe(
                    "a network on the class path cannot be loaded",
                    String.valueOf(e.getMessage()),
                    "correct or remove META-INF/services/" + Network.class.getName() + " in its JAR");
        }
    }

    /**
     * The network that a recipe names.
     *
     * @throws LockstepException of kind RECIPE when there is none, or more than one; lists all names
     */
    public static Network named(Recipe.Model settings) {
        List<Network> all = all();
        List<Network> found = all.stream()
                .filter(network -> network.names().contains(settings.name()))
                .toList();
        if (found.size() > 1) {
            throw LockstepException.recipe(
                    "model.name = " + settings.name(),
                    "several networks have this name: "
                            + String.join(
                                    ", ",
                                    found.stream()
                                            .map(network -> network.getClass().getName())
                                            .toList()),
                    "leave all but one out of the class path");
        }
        if (found.isEmpty()) {
            List<String> names =
                    all.stream().flatMap(network -> network.names().stream()).toList();
            throw LockstepException.recipe(
                    "model.name = " + settings.name(),
                    "no such network",
                    Spelling.suggestion(settings.name(), names) + "use one of " + String.join(", ", names));
        }
        return found.get(0);
    }
}
