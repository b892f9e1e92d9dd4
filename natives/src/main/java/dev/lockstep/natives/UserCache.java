package dev.lockstep.natives;

import dev.lockstep.errors.LockstepException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * The user's cache folder for unpacked libraries and fetched datasets: {@code LOCKSTEP_CACHE}, or else {@code
 * $XDG_CACHE_HOME/lockstep}, or else {@code ~/.cache/lockstep}.
 */
public final class UserCache {
    static final String VARIABLE = "LOCKSTEP_CACHE";

    private UserCache() {}

    /** The cache folder of this process; see {@link #folder(Map, Properties)}. */
    public static Path folder() {
        return folder(System.getenv(), System.getProperties());
    }

    /**
     * The absolute path of the cache folder, which need not exist.
     *
     * @throws LockstepException of kind RECIPE when no cache folder can be determined, as for a user without a home
     *     folder
     */
    public static Path folder(Map<String, String> environment, Properties properties) {
        String own = environment.getOrDefault(VARIABLE, "");
        if (!own.isEmpty()) {
            return absolute(own)
                    .orElseThrow(() -> LockstepException.recipe(
                            "the path of the cache is not absolute",
                            VARIABLE + " = " + own,
                            "use a path that starts with /"));
        }
        return absolute(environment.get("XDG_CACHE_HOME"))
                .or(() -> absolute(properties.getProperty("user.home"))
                        .or(() -> absolute(environment.get("HOME")))
                        .map(home -> home.resolve(".cache")))
                .map(base -> base.resolve("lockstep"))
                .orElseThrow(() -> LockstepException.recipe(
                        "no cache folder can be determined: this user has no home folder",
                        "user.home = " + properties.getProperty("user.home") + ", HOME = "
                                + environment.getOrDefault("HOME", "not set"),
                        "set " + VARIABLE + " to a folder that you own"));
    }

    /** Java reports the home folder of a user that the system does not know as {@code ?}. */
    private static Optional<Path> absolute(@Nullable String path) {
        try {
            return Optional.ofNullable(path).map(Path::of).filter(Path::isAbsolute);
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }
}
