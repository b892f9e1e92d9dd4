package dev.lockstep.natives;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;

/**
 * Loads native libraries, once they lie unpacked, whole, in a folder to which nobody else can write. JavaCPP alone would
 * unpack them one by one under the eyes of other processes, and into a temporary folder that anybody can make where it cannot
 * write to the home.
 */
public final class NativeLibraries {
    /** What every other artifact needs. */
    private static final List<String> BASE = List.of("javacpp", "openblas");

    static final List<String> ALL = List.of("javacpp", "openblas", "pytorch", "opencv");

    private NativeLibraries() {}

    /**
     * @param artifact the name of the preset's artifact in the group {@code org.bytedeco}, such as {@code pytorch}
     * @param presets its classes to load
     * @throws LockstepException of kind RECIPE when there is no folder for them that is safe and has room; of kind WORKER when
     *     this machine cannot load them
     */
    public static synchronized void load(String artifact, Class<?>... presets) {
        unpack(Stream.concat(BASE.stream(), Stream.of(artifact)).toList());
        try {
            for (Class<?> preset : presets) {
                Loader.load(preset);
            }
        } catch (LinkageError e) {
            throw unloadable(artifact, e);
        }
    }

    /**
     * Unpacks whatever {@link #load} would, where it is missing or damaged.
     *
     * @return the folder
     * @throws LockstepException of kind RECIPE when there is no folder for them that is safe and has room
     */
    public static synchronized Path unpack() {
        return unpack(ALL);
    }

    private static Path unpack(List<String> artifacts) {
        Path wanted = LoaderFolder.inUse().orElseGet(() -> folder(System.getenv(), System.getProperties()));
        Path folder = safe(wanted);
        List<PackedLibrary> libraries = libraries(artifacts);
        new Unpacking(folder).complete(libraries);
        check(folder, libraries);
        LoaderFolder.use(folder);
        return folder;
    }

    /** What {@link #unpack} would find in a folder, which need not exist. */
    public static NativeCache inspect(Path folder) {
        try {
            return NativeCache.inspect(folder, libraries(ALL));
        } catch (IOException e) {
            throw unusable(folder, e);
        }
    }

    /** The folder of unpacked libraries: what is set for JavaCPP, else one in {@link UserCache}. It need not exist. */
    public static Path folder(Map<String, String> environment, Properties properties) {
        return LoaderFolder.configured(properties)
                .orElseGet(() -> UserCache.folder(environment, properties).resolve("natives"));
    }

    /** The version of an artifact of JavaCPP's group, as its jar tells. */
    public static String version(String artifact) throws IOException {
        return Loader.getVersion("org.bytedeco", artifact);
    }

    private static Path safe(Path folder) {
        try {
            FolderTrust.create(folder);
            Path real = folder.toRealPath();
            FolderTrust.check(List.of(real));
            return real;
        } catch (IOException e) {
            throw unusable(folder, e);
        }
    }

    /** What lies in a safe folder may be older than its safety. */
    private static void check(Path folder, List<PackedLibrary> libraries) {
        try {
            Set<Path> paths = new LinkedHashSet<>();
            for (PackedLibrary library : libraries) {
                Path file = library.in(folder).toRealPath();
                paths.add(file.resolveSibling(""));
                paths.add(file);
            }
            FolderTrust.check(paths);
        } catch (IOException e) {
            throw unusable(folder, e);
        }
    }

    private static LockstepException unusable(Path folder, IOException failure) {
        return LockstepException.recipe(
                "cannot use the cache of native libraries: " + Unpacking.describe(failure),
                "folder = " + folder,
                "set " + UserCache.VARIABLE + " to a folder of your own");
    }

    /** JavaCPP looks elsewhere when the system cannot load a library, and says in the end that nothing was there. */
    private static LockstepException unloadable(String artifact, LinkageError failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        String why = String.valueOf(cause.getMessage());
        return new LockstepException(
                LockstepException.Kind.WORKER,
                "the native libraries of " + artifact + " cannot be loaded: " + why,
                "platform = " + Loader.getPlatform(),
                why.contains("failed to map segment")
                        ? "if programs cannot run from there (noexec), set " + UserCache.VARIABLE
                                + " to a folder elsewhere"
                        : "run 'lockstep doctor'",
                failure);
    }

    static List<PackedLibrary> libraries(List<String> artifacts) {
        List<PackedLibrary> libraries = new ArrayList<>();
        try {
            for (String artifact : artifacts) {
                libraries.addAll(
                        PackedLibrary.find(NativeLibraries.class.getClassLoader(), artifact, Loader.getPlatform()));
            }
        } catch (IOException e) {
            throw LockstepException.recipe(
                    "cannot read a jar with native libraries: " + e.getMessage(), "", "remove it and build again");
        }
        return libraries;
    }
}
