package dev.lockstep.metrics;

import dev.lockstep.errors.InputFile;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.text.Json;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Properties;

/**
 * The environment of a run: the machine, which explains its speed, and the options that name its files.
 *
 * @param date UTC, ISO 8601
 * @param lockstep its version
 * @param libtorch the version of its presets
 * @param memoryGib of the machine, in 2^30 bytes
 * @param options of the command, needed besides the recipe to run it again: the locations of data and weights
 * @param iterationsPerEpoch steps of an epoch of the run; 0 if unknown
 */
public record Environment(
        String date,
        String lockstep,
        String libtorch,
        String system,
        String processor,
        int cores,
        long memoryGib,
        String java,
        List<String> options,
        int iterationsPerEpoch) {
    public static final String NAME = "environment.json";

    /** The version of this build: the same as in the POM, without its {@code -SNAPSHOT}; a test compares them. */
    public static final String LOCKSTEP = "0.1.0";

    private static final int MOST_BYTES = 1_000_000;
    private static final String UNKNOWN = "unknown";
    private static final String PRESETS = "/META-INF/maven/org.bytedeco/pytorch/pom.properties";

    /** Files of earlier versions lack some fields. */
    public Environment {
        date = Objects.requireNonNullElse(date, UNKNOWN);
        system = Objects.requireNonNullElse(system, UNKNOWN);
        processor = Objects.requireNonNullElse(processor, UNKNOWN);
        java = Objects.requireNonNullElse(java, UNKNOWN);
        lockstep = Objects.requireNonNullElse(lockstep, UNKNOWN);
        libtorch = Objects.requireNonNullElse(libtorch, UNKNOWN);
        options = options == null ? List.of() : List.copyOf(options);
    }

    /** This machine, now. */
    public static Environment current(List<String> options) {
        return current(options, 0);
    }

    /** This machine, now, with the steps of an epoch of the run. */
    public static Environment current(List<String> options, int iterationsPerEpoch) {
        return new Environment(
                Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
                LOCKSTEP,
                libtorchVersion(),
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch"),
                processorName(),
                Runtime.getRuntime().availableProcessors(),
                memoryBytes() >> 30,
                System.getProperty("java.vm.vendor") + " " + Runtime.version(),
                options,
                iterationsPerEpoch);
    }

    private static String libtorchVersion() {
        Properties properties = new Properties();
        try (InputStream in = Environment.class.getResourceAsStream(PRESETS)) {
            if (in != null) {
                properties.load(in);
            }
        } catch (IOException e) {
            return UNKNOWN;
        }
        return properties.getProperty("version", UNKNOWN);
    }

    private static String processorName() {
        try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse(UNKNOWN);
        } catch (IOException e) {
            return UNKNOWN;
        }
    }

    private static long memoryBytes() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean system
                ? system.getTotalMemorySize()
                : 0;
    }

    /**
     * Writes it into a folder that has no readable one: if a run resumes elsewhere, the first machine is kept.
     *
     * @throws IOException when the folder cannot be written
     */
    public void writeOnce(Path folder) throws IOException {
        if (read(folder).isEmpty()) {
            write(folder);
        }
    }

    private void write(Path folder) throws IOException {
        DurableFiles.write(folder.resolve(NAME), Json.MAPPER.writeValueAsString(this) + "\n");
    }

    /** Empty if the folder has no readable one. */
    public static Optional<Environment> read(Path folder) {
        try {
            return Optional.ofNullable(
                    Json.MAPPER.readValue(InputFile.text(folder.resolve(NAME), MOST_BYTES), Environment.class));
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
