package dev.lockstep.recipe;

import dev.lockstep.errors.LockstepException;
import java.util.List;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** All kinds of optimizers that a recipe can name: Lockstep's own and those that a program provides. */
public final class OptimizerKinds {
    static final String DEFAULT = "sgd";

    private static final List<OptimizerKind> OWN =
            List.of(new Own(DEFAULT, SgdSettings.class), new Own("lars", LarsSettings.class));

    private record Own(String name, Class<? extends OptimizerSettings> settings) implements OptimizerKind {}

    private OptimizerKinds() {}

    /**
     * The kind of some settings.
     *
     * @throws IllegalArgumentException when no kind has such settings
     */
    public static OptimizerKind of(OptimizerSettings settings) {
        return find(kind -> kind.settings() == settings.getClass())
                .orElseThrow(() -> new IllegalArgumentException("settings of an unknown kind: " + settings));
    }

    static Optional<OptimizerKind> named(String name) {
        return find(kind -> kind.name().equals(name));
    }

    /** Lockstep's own kinds. */
    static List<OptimizerKind> own() {
        return OWN;
    }

    /** The names of all kinds. */
    static List<String> names() {
        return Stream.concat(OWN.stream(), provided().stream())
                .map(OptimizerKind::name)
                .toList();
    }

    /** Loads providers only if the name is none of Lockstep's own kinds. */
    private static Optional<OptimizerKind> find(Predicate<OptimizerKind> wanted) {
        return OWN.stream()
                .filter(wanted)
                .findFirst()
                .or(() -> provided().stream().filter(wanted).findFirst());
    }

    private static List<OptimizerKind> provided() {
        try {
            return ServiceLoader.load(OptimizerKind.class).stream()
                    .map(ServiceLoader.Provider::get)
                    .toList();
        } catch (ServiceConfigurationError e) {
            throw LockstepException.recipe(
                    "an optimizer cannot be loaded: " + e.getMessage(),
                    "service = " + OptimizerKind.class.getName(),
                    "fix its provider, or remove it from the class path");
        }
    }
}
