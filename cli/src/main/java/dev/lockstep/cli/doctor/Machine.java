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
 * The input of the checks.
 *
 * @param environment this process's environment variables
 * @param properties this JVM's system properties
 * @param root the root of the file system: {@code /}, except in tests
 * @param cores the number of cores available to this process
 * @param memory the memory available to this process in bytes, considering a container's limit
 * @param heap the maximum size of the Java heap in bytes
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

    /** An environment variable; empty when it is not set or blank. */
    Optional<String> variable(String name) {
        return Optional.ofNullable(environment.get(name)).filter(value -> !value.isBlank());
    }

    String property(String name) {
        return properties.getProperty(name, "");
    }

    /** The contents of a small system file, such as {@code proc/meminfo}; empty if it cannot be read. */
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
     * The folder for the unpacked native libraries.
     *
     * @throws LockstepException when it cannot be determined
     */
    Path nativeCache() {
        return NativeLibraries.folder(environment, properties);
    }
}
