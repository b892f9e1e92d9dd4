package dev.lockstep.spark;

import dev.lockstep.errors.LockstepException;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkFiles;

/** Where a node finds Lockstep: {@link SparkOptions#home}. */
final class Home {
    /** The name of the folder into which Spark unpacks an archive on every node. */
    private static final String UNPACKED = "lockstep-home";

    private static final List<String> ARCHIVES = List.of(".tar.gz", ".tgz", ".zip");
    private static final List<String> LAUNCHERS = List.of("bin/lockstep", "lockstep");

    /** In a checkout: the class path, which its launcher has built. */
    private static final String BUILT = "cli/target/classpath.txt";

    private Home() {}

    private static boolean isArchive(String home) {
        return ARCHIVES.stream().anyMatch(home::endsWith);
    }

    /** On the driver: sends an archive to the executors. */
    static void send(SparkContext context, String home) {
        if (isArchive(home)) {
            context.addArchive(home + "#" + UNPACKED);
        }
    }

    /** On a node: why it cannot train; empty if it can. */
    static String problem(String home) {
        try {
            launcher(home);
            return "";
        } catch (LockstepException e) {
            return e.getMessage();
        }
    }

    /**
     * On a node: the program that starts Lockstep.
     *
     * @throws LockstepException of kind RECIPE when there is none
     */
    static Path launcher(String home) {
        Path folder = isArchive(home) ? Path.of(SparkFiles.get(UNPACKED)) : Path.of(home);
        return launcherIn(folder)
                .or(() -> onlyFolderIn(folder).flatMap(Home::launcherIn))
                .orElseThrow(() -> LockstepException.recipe(
                        "Lockstep is not on this node",
                        "home = " + home + (isArchive(home) ? ", unpacked in " + folder : ""),
                        "install it there on every node, or give its archive"));
    }

    /**
     * On a node: the jars of Lockstep and of its libraries.
     *
     * @throws LockstepException of kind RECIPE when there is no Lockstep
     */
    static List<Path> jars(String home) {
        Path folder = Objects.requireNonNull(launcher(home).getParent());
        Path root = folder.endsWith("bin") ? Objects.requireNonNull(folder.getParent()) : folder;
        try {
            Path built = root.resolve(BUILT);
            if (Files.exists(built)) {
                return Arrays.stream(Files.readString(built).strip().split(File.pathSeparator))
                        .map(Path::of)
                        .toList();
            }
            try (Stream<Path> files = Files.list(root.resolve("lib"))) {
                return files.filter(file -> file.toString().endsWith(".jar"))
                        .sorted()
                        .toList();
            }
        } catch (IOException e) {
            throw LockstepException.recipe(
                    "Lockstep's jars cannot be read: " + e, "home = " + home, "install it again on this node");
        }
    }

    private static Optional<Path> launcherIn(Path folder) {
        return LAUNCHERS.stream()
                .map(folder::resolve)
                .filter(Files::isRegularFile)
                .findFirst();
    }

    /** An archive usually holds one folder, with everything in it. */
    private static Optional<Path> onlyFolderIn(Path folder) {
        try (Stream<Path> entries = Files.list(folder)) {
            List<Path> all = entries.toList();
            return all.size() == 1 ? Optional.of(all.get(0)) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
