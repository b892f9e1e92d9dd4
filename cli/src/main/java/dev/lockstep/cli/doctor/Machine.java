package dev.lockstep.cli.doctor;

import com.sun.management.OperatingSystemMXBean;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.natives.NativeLibraries;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;

/**
 * What the checks look at.
 *
 * @param environment of this process
 * @param properties of this JVM
 * @param root of the file system: {@code /}, but for tests
 * @param cores that this process may use
 * @param memory bytes that this process may use, a container's limit included
 * @param heap bytes that the Java heap may grow to
 */
record Machine(Map<String, String> environment, Properties properties, Path root, int cores, long memory, long heap) {

    static Machine current() {
        var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        Runtime runtime = Runtime.getRuntime();
        return new Machine(
                System.getenv(),
                System.getProperties(),
                Path.of("/"),
                runtime.availableProcessors(),
                system.getTotalMemorySize(),
                runtime.maxMemory());
    }

    /** An environment variable; empty when it is not set or has no characters. */
    Optional<String> variable(String name) {
        return Optional.ofNullable(environment.get(name)).filter(value -> !value.isBlank());
    }

    String property(String name) {
        return properties.getProperty(name, "");
    }

    /** A small text file of the system, such as {@code proc/meminfo}; empty where there is none. */
    String file(String path) {
        try {
            return Files.readString(root.resolve(path));
        } catch (IOException | UncheckedIOException e) {
            return "";
        }
    }

    boolean isLinux() {
        return property("os.name").equals("Linux");
    }

    /**
     * Where the native libraries are unpacked.
     *
     * @throws LockstepException when there is no place for them
     */
    Path nativeCache() {
        return NativeLibraries.folder(environment, properties);
    }
}
