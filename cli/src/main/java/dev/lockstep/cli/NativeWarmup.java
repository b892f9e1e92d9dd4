package dev.lockstep.cli;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.codec.ImageCodec;
import dev.lockstep.torch.TorchRuntime;
import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Unpacks the native libraries before several processes load them at once: JavaCPP's cache does not bear that. A short
 * process of its own loads them; a mark in the cache, which names the libraries, says that it has.
 */
final class NativeWarmup {
    private static final String MARK = "lockstep-loaded";

    private NativeWarmup() {}

    /** Loads everything once. The process that {@link #run} starts. */
    public static void main(String[] arguments) {
        ParentWatch.startIfAsked();
        int status = 0;
        try {
            TorchRuntime.load();
            ImageCodec.encodePng(new ImageData.Pixels(1, 1, 3, new byte[3]));
        } catch (RuntimeException | Error e) {
            System.err.println(e);
            status = 1;
        }
        System.err.flush();
        Runtime.getRuntime().halt(status);
    }

    /** Does nothing when the cache is warm. */
    static void run() {
        String configured = System.getProperty("org.bytedeco.javacpp.cachedir", "");
        Path cache = configured.isEmpty()
                ? Path.of(System.getProperty("user.home"), ".javacpp", "cache")
                : Path.of(configured);
        run(cache, NativeWarmup::load);
    }

    /** Runs a loader unless the mark is there; of several programs at once, one does and the others wait. */
    static void run(Path cache, Runnable load) {
        String libraries = libraries(System.getProperty("java.class.path"));
        if (isWarm(cache, libraries)) {
            return;
        }
        try {
            Files.createDirectories(cache);
        } catch (IOException e) {
            throw unwritable(cache, e);
        }
        try (FileChannel channel = FileChannel.open(
                        cache.resolve(MARK + ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) {
            if (!isWarm(cache, libraries)) {
                load.run();
                DurableFiles.write(cache.resolve(MARK), libraries);
            }
        } catch (IOException e) {
            throw unwritable(cache, e);
        }
    }

    private static LockstepException unwritable(Path cache, IOException cause) {
        return LockstepException.recipe(
                "cannot write the cache of native libraries: " + cause.getMessage(),
                "folder = " + cache,
                "give another in LOCKSTEP_JAVA_OPTIONS=-Dorg.bytedeco.javacpp.cachedir=DIR");
    }

    private static boolean isWarm(Path cache, String libraries) {
        try {
            return Files.readString(cache.resolve(MARK)).equals(libraries);
        } catch (IOException e) {
            return false;
        }
    }

    /** The jars with native libraries on a class path, with their sizes: another version must be unpacked anew. */
    static String libraries(String classPath) {
        return Arrays.stream(classPath.split(File.pathSeparator))
                .map(File::new)
                .filter(jar -> jar.getName().matches(".*-(linux|macosx|windows)-.*\\.jar"))
                .map(jar -> jar.getName() + " " + jar.length())
                .sorted()
                .collect(Collectors.joining("\n", "", "\n"));
    }

    private static void load() {
        try {
            Process process = ChildJvm.of(NativeWarmup.class.getName(), List.of())
                    .redirectErrorStream(true)
                    .start();
            process.getOutputStream().close();
            String output =
                    new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw LockstepException.worker(
                        "the native libraries cannot be loaded: "
                                + output.lines()
                                        .reduce((first, second) -> second)
                                        .orElse("no output"),
                        "exit status = " + process.exitValue(),
                        "run 'lockstep doctor'");
            }
        } catch (IOException e) {
            throw LockstepException.worker("a process cannot be started: " + e.getMessage(), "", "mend what it names");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
