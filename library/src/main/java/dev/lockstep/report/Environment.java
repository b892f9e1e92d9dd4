package dev.lockstep.report;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/**
 * The machine that a run used; it explains its speed and nothing else.
 *
 * @param date UTC, ISO 8601
 * @param memoryGib of the machine, in 2^30 bytes
 */
public record Environment(String date, String system, String processor, int cores, long memoryGib, String java) {
    public static final String NAME = "environment.json";

    /** This machine, now. */
    public static Environment current() {
        return new Environment(
                Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch"),
                processorName(),
                Runtime.getRuntime().availableProcessors(),
                memoryBytes() >> 30,
                System.getProperty("java.vm.vendor") + " " + Runtime.version());
    }

    private static String processorName() {
        try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("unknown");
        } catch (IOException e) {
            return "unknown";
        }
    }

    private static long memoryBytes() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean system
                ? system.getTotalMemorySize()
                : 0;
    }

    /** @throws IOException when the folder cannot be written */
    public void write(Path folder) throws IOException {
        Files.writeString(folder.resolve(NAME), MetricsJson.JSON.writeValueAsString(this) + "\n");
    }

    /** Empty when the folder has none that can be read. */
    public static Optional<Environment> read(Path folder) {
        try {
            return Optional.of(MetricsJson.JSON.readValue(Files.readString(folder.resolve(NAME)), Environment.class));
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
