package dev.lockstep.metrics;

import com.fasterxml.jackson.annotation.JsonInclude;
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
 * @param directory in which the command was started, which relative paths in the options start from
 * @param options of the command, needed besides the recipe to run it again: the locations of data and weights
 * @param iterationsPerEpoch steps of an epoch of the run; 0 if unknown
 * @param device the card, its driver and its libraries; empty for the CPU
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
        String directory,
        List<String> options,
        int iterationsPerEpoch,
        @JsonInclude(JsonInclude.Include.NON_EMPTY) String device) {
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
        directory = Objects.requireNonNullElse(directory, "");
        device = Objects.requireNonNullElse(device, "");
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
                Path.of("").toAbsolutePath().toString(),
                options,
                iterationsPerEpoch,
                "");
    }

    /** The same machine computing on this device. */
    public Environment onDevice(String name) {
        return with(directory, options, name);
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

    /**
     * Writes it into a folder, so that later commands find the data of the run. If the folder has one, that keeps its
     * machine, and takes these options if there are any.
     *
     * @throws IOException when the folder cannot be written
     */
    public void remember(Path folder) throws IOException {
        Optional<Environment> first = read(folder);
        if (first.isEmpty()) {
            write(folder);
        } else if (!options.isEmpty() && !options.equals(first.get().options)) {
            first.get().with(directory, options, first.get().device).write(folder);
        }
    }

    private Environment with(String directory, List<String> options, String device) {
        return new Environment(
                date,
                lockstep,
                libtorch,
                system,
                processor,
                cores,
                memoryGib,
                java,
                directory,
                options,
                iterationsPerEpoch,
                device);
    }

    /** The value of an option; empty if it was not given. */
    public Optional<String> option(String name) {
        int at = options.indexOf(name);
        return at < 0 || at + 1 >= options.size() ? Optional.empty() : Optional.of(options.get(at + 1));
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
