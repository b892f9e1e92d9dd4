package dev.lockstep.cuda;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The NVIDIA driver of a machine, as far as its files tell. Nothing is loaded.
 *
 * @param library where the driver's library is, or empty
 * @param version of the kernel module, such as {@code 580.82.07}, or empty where it does not say
 * @param cards device files of cards that this process may see
 */
record Driver(String library, String version, int cards) {
    /** What every program that uses a card loads. The driver brings it. */
    static final String LIBRARY = "libcuda.so.1";

    private static final Pattern VERSION = Pattern.compile("Kernel Module\\s+(?:for \\S+\\s+)?([0-9]+(?:\\.[0-9]+)+)");
    private static final List<String> FOLDERS = List.of(
            "usr/lib/x86_64-linux-gnu",
            "usr/lib64",
            "usr/lib",
            "lib/x86_64-linux-gnu",
            "usr/lib/wsl/lib",
            "usr/local/nvidia/lib64",
            "usr/local/cuda/compat",
            "run/opengl-driver/lib");

    static Driver ofThisMachine() {
        return of(Path.of("/"), System.getenv().getOrDefault("LD_LIBRARY_PATH", ""));
    }

    /** The driver below a root folder. */
    static Driver of(Path root, String libraryPath) {
        return new Driver(library(root, libraryPath), version(root), cards(root));
    }

    /** Whether programs find the driver's library. */
    boolean isThere() {
        return !library.isEmpty();
    }

    private static String library(Path root, String libraryPath) {
        Stream<Path> given = Arrays.stream(libraryPath.split(":", -1))
                .filter(folder -> !folder.isEmpty())
                .map(Path::of);
        return Stream.concat(given, FOLDERS.stream().map(root::resolve))
                .map(folder -> folder.resolve(LIBRARY))
                .filter(Files::exists)
                .map(Path::toString)
                .findFirst()
                .orElseGet(() -> isInLinkerCache(root.resolve("etc/ld.so.cache")) ? LIBRARY : "");
    }

    private static boolean isInLinkerCache(Path cache) {
        try {
            return new String(Files.readAllBytes(cache), StandardCharsets.ISO_8859_1).contains("/" + LIBRARY + "\0");
        } catch (IOException e) {
            return false;
        }
    }

    private static String version(Path root) {
        try {
            Matcher found = VERSION.matcher(Files.readString(root.resolve("proc/driver/nvidia/version")));
            return found.find() ? found.group(1) : "";
        } catch (IOException e) {
            return "";
        }
    }

    private static int cards(Path root) {
        try (Stream<Path> files = Files.list(root.resolve("dev"))) {
            return (int) files.filter(file -> file.getFileName().toString().matches("nvidia[0-9]+"))
                    .count();
        } catch (IOException e) {
            return 0;
        }
    }
}
