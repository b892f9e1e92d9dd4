package dev.lockstep.natives;

import dev.lockstep.errors.LockstepException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * The user's folder for what Lockstep unpacks or fetches: {@code LOCKSTEP_CACHE}, else {@code lockstep} in
 * {@code XDG_CACHE_HOME}, else {@code .cache/lockstep} in the home.
 */
public final class UserCache {
    static final String VARIABLE = "LOCKSTEP_CACHE";

    private UserCache() {}

    /** {@link #folder(Map, Properties)} for this process. */
    public static Path folder() {
        return folder(System.getenv(), System.getProperties());
    }

    /**
     * An absolute path. The folder need not exist.
     *
     * @throws LockstepException of kind RECIPE when nothing names such a folder: a user may have no home
     */
    public static Path folder(Map<String, String> environment, Properties properties) {
        String own = environment.getOrDefault(VARIABLE, "");
        if (!own.isEmpty()) {
            return absolute(own)
                    .orElseThrow(() -> LockstepException.recipe(
                            "the cache has no absolute path", VARIABLE + " = " + own, "give a path that starts at /"));
        }
        return absolute(environment.get("XDG_CACHE_HOME"))
                .or(() -> absolute(properties.getProperty("user.home"))
                        .or(() -> absolute(environment.get("HOME")))
                        .map(home -> home.resolve(".cache")))
                .map(base -> base.resolve("lockstep"))
                .orElseThrow(() -> LockstepException.recipe(
                        "there is no folder for the cache: this user has no home",
                        "user.home = " + properties.getProperty("user.home") + ", HOME = "
                                + environment.getOrDefault("HOME", "not set"),
                        "set " + VARIABLE + " to a folder of your own"));
    }

    /** Java gives {@code ?} as the home of a user whom the system does not know. */
    private static Optional<Path> absolute(@Nullable String path) {
        try {
            return Optional.ofNullable(path).map(Path::of).filter(Path::isAbsolute);
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }
}
