package dev.lockstep.natives;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;

/**
 * Loads native libraries after unpacking them completely into a folder that no other user can write to. JavaCPP on its
 * own would unpack them one by one while other processes may be reading them, and would fall back to a temporary folder
 * that any user could have created when it cannot write to the home folder.
 */
public final class NativeLibraries {
    /** Required by every other artifact; cuda where there is one, for builds that compute on cards. */
    private static final List<String> BASE = List.of("javacpp", "openblas", "cuda");

    /** JavaCPP's setting for builds of a platform, and its value for libraries that compute on GPUs. */
    private static final String EXTENSION = "org.bytedeco.javacpp.platform.extension";

    private static final String GPU = "-gpu";

    static final List<String> ALL = List.of("javacpp", "openblas", "cuda", "pytorch", "opencv");

    /** What an artifact's program has loaded before it, besides {@link #BASE}. */
    private static final Map<String, List<String>> BEFORE = Map.of("dnnl", List.of("pytorch"));

    private NativeLibraries() {}

    /**
     * Whether this process was started with the libraries for GPUs, by the launcher or a program: the property {@code
     * org.bytedeco.javacpp.platform.extension} is {@code -gpu}.
     */
    public static boolean isForGpus() {
        return System.getProperty(EXTENSION, "").equals(GPU);
    }

    /**
     * Unpacks and loads an artifact's libraries.
     *
     * @param artifact the artifact's name in the group {@code org.bytedeco}, such as {@code pytorch}
     * @param presets the preset classes to load
     * @throws LockstepException of kind RECIPE when no safe folder with enough space exists; of kind WORKER when this
     *     machine cannot load the libraries
     */
    public static synchronized void load(String artifact, Class<?>... presets) {
        unpack(Stream.of(BASE, BEFORE.getOrDefault(artifact, List.of()), List.of(artifact))
                .flatMap(List::stream)
                .toList());
        if (isForGpus() && artifact.equals("pytorch")) {
            CudaLibraries.load();
        }
        try {
            for (Class<?> preset : presets) {
                Loader.load(preset);
            }
        } catch (LinkageError e) {
            throw unloadable(artifact, e);
        }
    }

    /**
     * Unpacks all libraries that are missing or damaged, without loading any.
     *
     * @return the folder that holds them
     * @throws LockstepException of kind RECIPE when no safe folder with enough space exists
     */
    public static synchronized Path unpack() {
        return unpack(ALL);
    }

    /**
     * Unpacks all libraries into a folder for other processes, without loading any; this process keeps its own folder.
     *
     * @return the folder without symbolic links
     * @throws LockstepException of kind RECIPE when it is not safe or cannot be written
     */
    public static synchronized Path unpackInto(Path folder) {
        return unpack(folder, ALL);
    }

    private static Path unpack(List<String> artifacts) {
        Path folder = unpack(
                LoaderFolder.inUse().orElseGet(() -> folder(System.getenv(), System.getProperties())), artifacts);
        LoaderFolder.use(folder);
        return folder;
    }

    private static Path unpack(Path wanted, List<String> artifacts) {
        Path folder = safe(wanted);
        List<PackedLibrary> libraries = libraries(artifacts);
        new Unpacking(folder).complete(libraries);
        check(folder, libraries);
        return folder;
    }

    /** Lists which libraries a folder holds, without changing anything. The folder need not exist. */
    public static NativeCache inspect(Path folder) {
        try {
            return NativeCache.inspect(folder, libraries(ALL));
        } catch (IOException e) {
            throw unusable(folder, e);
        }
    }

    /** The folder for unpacked libraries: JavaCPP's setting, or a folder in {@link UserCache}. It need not exist. */
    public static Path folder(Map<String, String> environment, Properties properties) {
        return LoaderFolder.configured(properties)
                .orElseGet(() -> UserCache.folder(environment, properties).resolve("natives"));
    }

    /** The version of an {@code org.bytedeco} artifact, read from its jar. */
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

    /** Files in a safe folder may date from a time when it was not safe. */
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
                "set " + UserCache.VARIABLE + " to a folder that you own");
    }

    /**
     * When the system cannot load a library, JavaCPP searches elsewhere and finally reports that it found nothing. The
     * root cause is the useful message.
     */
    private static LockstepException unloadable(String artifact, LinkageError failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        String why = String.valueOf(cause.getMessage());
        return new LockstepException(
                LockstepException.Kind.WORKER,
                "cannot load the native libraries of " + artifact + ": " + why,
                "platform = " + Loader.getPlatform(),
                why.contains("failed to map segment")
                        ? "if the folder is mounted noexec, set " + UserCache.VARIABLE + " to another folder"
                        : "run 'lockstep doctor'",
                failure);
    }

    /** Those of the build that is set, if there are any; most artifacts have only one. */
    private static List<PackedLibrary> libraries(String artifact) throws IOException {
        ClassLoader loader = NativeLibraries.class.getClassLoader();
        String extension = System.getProperty(EXTENSION, "");
        List<PackedLibrary> extended = extension.isEmpty()
                ? List.of()
                : PackedLibrary.find(loader, artifact, Loader.getPlatform() + extension);
        return extended.isEmpty() ? PackedLibrary.find(loader, artifact, Loader.getPlatform()) : extended;
    }

    /**
     * The libraries of artifacts in the order in which they are loaded. Of two with the same name JavaCPP loads the first, and
     * puts a link to it in the place of the second; if that were unpacked again, processes that start together would not find
     * it for a moment.
     */
    static List<PackedLibrary> libraries(List<String> artifacts) {
        List<PackedLibrary> libraries = new ArrayList<>();
        Set<String> names = new HashSet<>();
        try {
            for (String artifact : artifacts) {
                libraries(artifact).stream()
                        .filter(library -> names.add(library.name()))
                        .forEach(libraries::add);
            }
        } catch (IOException e) {
            throw LockstepException.recipe(
                    "cannot read a jar with native libraries: " + e.getMessage(), "", "delete it and build again");
        }
        return libraries;
    }
}
