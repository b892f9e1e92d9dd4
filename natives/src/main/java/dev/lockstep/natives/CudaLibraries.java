package dev.lockstep.natives;

import dev.lockstep.errors.LockstepException;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Stream;

/**
 * NVIDIA's CUDA 13 libraries, which libtorch for CUDA needs and which no jar of it holds. They come from the system, from a
 * Python environment, or from a folder that {@code lockstep gpu-setup} has filled. The driver's own library is not one of
 * them: only the driver has it.
 *
 * @param libraries the file of each library that was found, by its name, in the order in which they are to be loaded
 * @param missing the names of the others
 */
public record CudaLibraries(Map<String, Path> libraries, List<String> missing) {
    /** Names the folders to search, separated as in {@code PATH}; nothing else is searched then. */
    public static final String VARIABLE = "LOCKSTEP_CUDA";

    /** Each after those that it needs. */
    public static final List<String> NAMES = List.of(
            "libcudart.so.13",
            "libnvJitLink.so.13",
            "libcublasLt.so.13",
            "libcublas.so.13",
            "libcusparse.so.12",
            "libcusolver.so.12",
            "libcufft.so.12",
            "libcurand.so.10",
            "libnvrtc.so.13",
            "libcupti.so.13",
            "libcufile.so.0",
            "libcudnn_graph.so.9",
            "libcudnn_ops.so.9",
            "libcudnn_cnn.so.9",
            "libcudnn_adv.so.9",
            "libcudnn.so.9",
            "libnccl.so.2");

    private static final String REMEMBERED = "folders";
    private static final List<String> INSIDE = List.of("", "lib64", "lib", "targets/x86_64-linux/lib");
    private static final List<String> SYSTEM =
            List.of("/usr/local/cuda", "/usr/local/cuda-13", "/usr/lib/x86_64-linux-gnu", "/usr/lib64");

    private static boolean loaded;

    public CudaLibraries {
        libraries = Collections.unmodifiableMap(new LinkedHashMap<>(libraries));
        missing = List.copyOf(missing);
    }

    public boolean isComplete() {
        return missing.isEmpty();
    }

    /** The folders that hold them. */
    public List<Path> folders() {
        Set<Path> folders = new LinkedHashSet<>();
        libraries.values().forEach(file -> folders.add(file.resolveSibling("")));
        return List.copyOf(folders);
    }

    /** Looks in these folders, in this order. */
    public static CudaLibraries in(List<Path> folders) {
        Map<String, Path> found = new LinkedHashMap<>();
        List<String> missing = new ArrayList<>();
        for (String name : NAMES) {
            folders.stream()
                    .map(folder -> folder.resolve(name))
                    .filter(Files::isRegularFile)
                    .findFirst()
                    .ifPresentOrElse(file -> found.put(name, file), () -> missing.add(name));
        }
        return new CudaLibraries(found, missing);
    }

    /**
     * The folders of an installation that may hold libraries: of a CUDA toolkit, of a Python environment with NVIDIA's
     * wheels ({@code site-packages/nvidia/NAME/lib}), or the folder itself.
     */
    public static List<Path> inside(Path root) {
        List<Path> folders = new ArrayList<>();
        for (String inside : INSIDE) {
            addIfFolder(folders, root.resolve(inside));
        }
        List<Path> packages = new ArrayList<>(List.of(root, root.resolve("nvidia")));
        for (Path python : list(root.resolve("lib"), "python3*")) {
            packages.add(python.resolve("site-packages/nvidia"));
            packages.add(python.resolve("dist-packages/nvidia"));
        }
        for (Path folder : packages) {
            list(folder, "*").forEach(each -> addIfFolder(folders, each.resolve("lib")));
        }
        return folders;
    }

    private static void addIfFolder(List<Path> folders, Path folder) {
        if (Files.isDirectory(folder) && !folders.contains(folder)) {
            folders.add(folder);
        }
    }

    /** Sorted, since the order in which a folder lists its files differs from machine to machine. */
    private static List<Path> list(Path folder, String glob) {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, glob)) {
            entries.forEach(found::add);
        } catch (IOException e) {
            return List.of();
        }
        found.sort(null);
        return found;
    }

    /** The libraries that {@link #load} would load in this process. */
    public static CudaLibraries find() {
        return find(System.getenv(), System.getProperties());
    }

    /**
     * Looks where {@code LOCKSTEP_CUDA} says; else in the folder {@code cuda} of a bundle, where {@code lockstep gpu-setup}
     * has found or put them, in {@code LD_LIBRARY_PATH}, and where the system has them.
     */
    static CudaLibraries find(Map<String, String> environment, Properties properties) {
        List<Path> named = folders(environment.getOrDefault(VARIABLE, ""));
        if (!named.isEmpty()) {
            return in(named.stream().flatMap(root -> inside(root).stream()).toList());
        }
        List<Path> folders = new ArrayList<>();
        folders(environment.getOrDefault("LOCKSTEP_HOME", ""))
                .forEach(home -> folders.addAll(inside(home.resolve("cuda"))));
        folders.addAll(remembered(environment, properties));
        folders.addAll(folders(environment.getOrDefault("LD_LIBRARY_PATH", "")));
        folders.addAll(system());
        return in(folders);
    }

    /** Where systems have them. */
    public static List<Path> system() {
        return SYSTEM.stream().flatMap(root -> inside(Path.of(root)).stream()).toList();
    }

    private static List<Path> folders(String list) {
        return Stream.of(list.split(File.pathSeparator, -1))
                .filter(entry -> !entry.isEmpty())
                .flatMap(CudaLibraries::path)
                .toList();
    }

    private static Stream<Path> path(String text) {
        try {
            return Stream.of(Path.of(text));
        } catch (InvalidPathException e) {
            return Stream.empty();
        }
    }

    /** The folder of the user's cache for what {@code lockstep gpu-setup} installs; it need not exist. */
    public static Path cache() {
        return cache(System.getenv(), System.getProperties());
    }

    private static Path cache(Map<String, String> environment, Properties properties) {
        return UserCache.folder(environment, properties).resolve("cuda");
    }

    private static List<Path> remembered(Map<String, String> environment, Properties properties) {
        try {
            return Files.readAllLines(cache(environment, properties).resolve(REMEMBERED)).stream()
                    .flatMap(CudaLibraries::path)
                    .toList();
        } catch (IOException | LockstepException e) {
            return List.of();
        }
    }

    /** Makes later processes of this user find these libraries. */
    public void remember() {
        Path folder = cache();
        try {
            FolderTrust.create(folder);
            Path file = Files.createTempFile(folder, REMEMBERED, ".tmp");
            Files.write(file, folders().stream().map(Path::toString).toList(), StandardCharsets.UTF_8);
            Files.move(file, folder.resolve(REMEMBERED), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw LockstepException.recipe(
                    "cannot note where the CUDA libraries are: " + e,
                    "folder = " + folder,
                    "set " + UserCache.VARIABLE + " to a folder that you own");
        }
    }

    /**
     * Loads all of them, so that those which need them later find them whatever {@code LD_LIBRARY_PATH} says.
     *
     * @throws LockstepException of kind RECIPE when one is missing, or when another user could change one; of kind WORKER
     *     when one cannot be loaded
     */
    public static synchronized void load() {
        if (loaded) {
            return;
        }
        CudaLibraries found = find();
        if (!found.isComplete()) {
            throw LockstepException.recipe(
                    "CUDA libraries are missing: " + String.join(", ", found.missing),
                    "found = " + found.libraries.size() + " of " + NAMES.size(),
                    "run 'lockstep gpu-setup'");
        }
        found.check();
        found.libraries.forEach(CudaLibraries::load);
        loaded = true;
    }

    private void check() {
        try {
            List<Path> real = new ArrayList<>();
            for (Path file : libraries.values()) {
                real.add(file.toRealPath());
            }
            FolderTrust.check(real);
        } catch (IOException e) {
            throw LockstepException.recipe(
                    "cannot read the CUDA libraries: " + e, "folders = " + folders(), "run 'lockstep gpu-setup'");
        }
    }

    private static void load(String name, Path file) {
        try {
            System.load(file.toAbsolutePath().toString());
        } catch (UnsatisfiedLinkError e) {
            throw new LockstepException(
                    LockstepException.Kind.WORKER,
                    "cannot load " + name + ": " + e.getMessage(),
                    "file = " + file,
                    "run 'lockstep gpu-setup --install'",
                    e);
        }
    }
}
