package dev.lockstep.cli.gpu;

import dev.lockstep.errors.LockstepException;
import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The class path with libtorch for CUDA: in a checkout a second one beside that for CPUs, written by Maven's profile {@code
 * gpu}; a distribution has the libraries of one kind only.
 */
public final class GpuBuild {
    /** What Maven fetches for it, in megabytes. */
    private static final int MEGABYTES = 461;

    private final Path home;
    private final boolean checkout;

    private GpuBuild(Path home, boolean checkout) {
        this.home = home;
        this.checkout = checkout;
    }

    /** That of the Lockstep that runs this command. */
    public static GpuBuild of(Map<String, String> environment) {
        Path home = Path.of(environment.getOrDefault("LOCKSTEP_HOME", ""));
        return new GpuBuild(home, Files.isRegularFile(home.resolve("pom.xml")));
    }

    public boolean isComplete() {
        return checkout ? isBuilt(home.resolve("cli/target/gpu-classpath.txt")) : hasLibraries(home.resolve("lib"));
    }

    private static boolean isBuilt(Path classPath) {
        try {
            return Stream.of(Files.readString(classPath).strip().split(File.pathSeparator, -1))
                    .allMatch(jar -> Files.exists(Path.of(jar)));
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean hasLibraries(Path folder) {
        try (DirectoryStream<Path> jars = Files.newDirectoryStream(folder, "pytorch-*-gpu.jar")) {
            return jars.iterator().hasNext();
        } catch (IOException e) {
            return false;
        }
    }

    /** One line for the user. */
    public String description() {
        if (isComplete()) {
            return "libtorch for CUDA: found";
        }
        return checkout
                ? "libtorch for CUDA: to fetch with Maven, " + MEGABYTES + " MB"
                : "libtorch for CUDA: not in this distribution, which is for CPUs";
    }

    /**
     * Makes the class path if it is missing.
     *
     * @throws LockstepException of kind RECIPE in a distribution for CPUs, or when Maven fails
     */
    public void complete() throws InterruptedException {
        if (isComplete()) {
            return;
        }
        if (!checkout) {
            throw LockstepException.recipe(
                    "this distribution has libtorch for CPUs only",
                    "home = " + home,
                    "use one for GPUs: mvn -Pdist,gpu -DskipTests package makes it");
        }
        Path log = home.resolve("cli/target/gpu-build.log");
        List<String> command = List.of(
                "mvn",
                "-B",
                "-q",
                "-Pgpu",
                "-pl",
                "cli",
                "-am",
                "-Dmaven.test.skip=true",
                "-Dspotless.check.skip=true",
                "package");
        try {
            Process maven = new ProcessBuilder(command)
                    .directory(home.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            maven.getOutputStream().close();
            if (maven.waitFor() != 0 || !isComplete()) {
                throw LockstepException.recipe(
                        "the build for GPUs failed", "log = " + log, "fix the problem and run again");
            }
        } catch (IOException e) {
            throw LockstepException.recipe(
                    "no Maven found", "command = mvn", "install Maven 3.8 or newer (Debian: apt-get install maven)");
        }
    }
}
