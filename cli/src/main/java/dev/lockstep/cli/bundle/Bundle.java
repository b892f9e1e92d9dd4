package dev.lockstep.cli.bundle;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.natives.NativeLibraries;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * A copy of a distribution with a Java runtime of its own, which the launcher prefers to any other Java.
 *
 * @param modules that the runtime was asked to have
 * @param bytes of all files
 */
public record Bundle(Path folder, List<String> modules, long bytes) {
    private static final Set<PosixFilePermission> FOLDER = PosixFilePermissions.fromString("rwxr-xr-x");
    private static final Set<PosixFilePermission> FILE = PosixFilePermissions.fromString("rw-r--r--");
    private static final Predicate<Path> MADE_HERE = Set.of(Path.of("jre"), Path.of("natives"))::contains;

    /**
     * The distribution that runs this command.
     *
     * @throws LockstepException of kind RECIPE in a checkout, whose jars lie in many places
     */
    public static Path distribution(Map<String, String> environment) {
        Path home = Path.of(environment.getOrDefault("LOCKSTEP_HOME", ""));
        if (Files.isRegularFile(home.resolve("bin/lockstep")) && Files.isDirectory(home.resolve("lib"))) {
            return home;
        }
        throw LockstepException.recipe(
                "only a distribution can be bundled",
                "home = " + home,
                "build one with mvn -Pdist -DskipTests package, unpack dist/target/lockstep-*.tar.gz,"
                        + " and run its bin/lockstep");
    }

    /**
     * Checks that a distribution holds the libraries for a device.
     *
     * @param device {@code cpu} or {@code cuda}
     * @throws LockstepException of kind RECIPE when it does not
     */
    public static void requireFor(String device, Path home) {
        Path libraries = home.resolve("lib");
        if (device.equals("cuda")) {
            GpuJar.in(libraries);
        } else if (!device.equals("cpu")) {
            throw LockstepException.recipe("no such device", "--device = " + device, "give cpu or cuda");
        } else if (GpuJar.isIn(libraries)) {
            throw LockstepException.recipe(
                    "this distribution is for GPUs",
                    "--device = cpu, folder = " + libraries,
                    "leave --device out, as it runs on CPUs too, or make one for CPUs: mvn -Pdist -DskipTests package");
        }
    }

    /**
     * Makes a bundle. Nothing is left when that fails.
     *
     * @param home the distribution
     * @param folder the bundle; must not exist
     * @param unpack whether to unpack the native libraries into it, so that a host needs no cache folder
     * @param architectures of GPUs whose code is kept, such as 90 for sm_90; empty keeps all
     * @throws LockstepException of kind RECIPE when this Java has no tools for it or the folder cannot be written
     */
    public static Bundle make(Path home, Path folder, boolean unpack, Set<Integer> architectures) {
        JavaRuntime.requireTools();
        if (!architectures.isEmpty()) {
            GpuJar.in(home.resolve("lib"));
        }
        Path place = folder.toAbsolutePath();
        if (Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
            throw unwritable(folder, "it exists already");
        }
        try {
            Path parent = Files.createDirectories(place.resolveSibling("")).toRealPath();
            if (parent.startsWith(home.toRealPath())) {
                throw unwritable(folder, "it would be a part of itself, home = " + home);
            }
            Path unfinished = Files.createTempDirectory(parent, ".lockstep-bundle-");
            try {
                copy(home, unfinished);
                if (!architectures.isEmpty()) {
                    GpuJar.in(unfinished.resolve("lib")).trim(architectures);
                }
                List<String> modules = JavaRuntime.make(unfinished.resolve("lib"), unfinished.resolve("jre"));
                if (unpack) {
                    makeReadable(NativeLibraries.unpackInto(unfinished.resolve("natives")));
                }
                Files.setPosixFilePermissions(unfinished, FOLDER);
                long bytes = bytes(unfinished);
                Files.move(unfinished, place, StandardCopyOption.ATOMIC_MOVE);
                return new Bundle(folder, modules, bytes);
            } finally {
                DurableFiles.deleteFolder(unfinished);
            }
        } catch (IOException e) {
            throw unwritable(folder, String.valueOf(e.getMessage()));
        }
    }

    /**
     * Packs it into an archive beside it, with the ending {@code .tar.gz}.
     *
     * @throws LockstepException of kind RECIPE when there is no tar, or when it fails
     */
    public Path pack() {
        Path place = folder.toAbsolutePath();
        Path archive = place.resolveSibling(place.getFileName() + ".tar.gz");
        String why;
        try {
            Process tar = new ProcessBuilder(
                            "tar",
                            "-C",
                            place.resolveSibling("").toString(),
                            "--owner=0",
                            "--group=0",
                            "-czf",
                            archive.toString(),
                            place.getFileName().toString())
                    .redirectErrorStream(true)
                    .start();
            tar.getOutputStream().close();
            why = new String(tar.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (tar.waitFor() == 0) {
                return archive;
            }
        } catch (IOException e) {
            why = String.valueOf(e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            why = "interrupted";
        }
        throw LockstepException.recipe(
                "the archive cannot be written: " + why,
                "file = " + archive,
                "install tar, or pack " + folder + " yourself");
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Path inside = from.relativize(file);
                if (!inside.toString().isEmpty() && !MADE_HERE.test(inside.getName(0))) {
                    Files.copy(file, to.resolve(inside.toString()), StandardCopyOption.COPY_ATTRIBUTES);
                }
            }
        }
    }

    /** Whoever unpacks owns the files alone; a bundle is used by other users. */
    private static void makeReadable(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.setPosixFilePermissions(file, Files.isDirectory(file) ? FOLDER : FILE);
            }
        }
    }

    private static long bytes(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
    }

    private static LockstepException unwritable(Path folder, String why) {
        return LockstepException.recipe(
                "the bundle cannot be written: " + why, "folder = " + folder, "choose another output folder");
    }
}
