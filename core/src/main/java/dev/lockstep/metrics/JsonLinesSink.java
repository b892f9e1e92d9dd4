package dev.lockstep.metrics;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * {@code metrics.jsonl}: a line per step, per epoch and per bad image that was replaced, on disk within about a second
 * and after every epoch. A resumed run has each step and each epoch once: records that an interrupted run wrote after
 * its checkpoint are removed, and bad images that a repeated evaluation finds again are not repeated.
 */
public final class JsonLinesSink implements RunListener {
    /** Rank 0 writes {@code metrics.jsonl} in the run folder. */
    public static final class Factory implements RunListenerFactory {
        @Override
        public Optional<RunListener> open(RunInfo run, Consumer<String> notices) {
            return run.rank() == 0
                    ? Optional.of(JsonLinesSink.open(run.folder().resolve(MetricsFile.NAME), run.step(), notices))
                    : Optional.empty();
        }
    }

    private final MetricsStream out;
    private final Set<BadImage> badImages;
    private int lastEpoch;

    private JsonLinesSink(MetricsStream out, MetricsFile.Kept kept) {
        this.out = out;
        this.badImages = kept.badImages();
        this.lastEpoch = kept.lastEpoch();
    }

    /**
     * @param resumeStep the step of the checkpoint that training resumes from; 0 starts anew
     * @param notices receives a line when the file cannot be written, as on a full disk, and one when it can again
     * @throws dev.lockstep.errors.LockstepException of kind RECIPE when the file cannot be written
     */
    public static JsonLinesSink open(Path file, long resumeStep, Consumer<String> notices) {
        return open(file, resumeStep, notices, System::nanoTime);
    }

    static JsonLinesSink open(Path file, long resumeStep, Consumer<String> notices, LongSupplier nanoTime) {
        MetricsFile.Kept kept = new MetricsFile.Kept(0, -1, Set.of());
        try {
            if (Files.exists(file)) {
                kept = MetricsFile.upTo(file, resumeStep);
                truncate(file, kept.bytes());
            }
        } catch (IOException e) {
            throw MetricsStream.unwritable(file, e);
        }
        return new JsonLinesSink(MetricsStream.open(file, nanoTime, notices, StandardOpenOption.CREATE), kept);
    }

    private static void truncate(Path file, long bytes) throws IOException {
        try (var channel = Files.newByteChannel(file, StandardOpenOption.WRITE)) {
            channel.truncate(bytes);
        }
    }

    @Override
    public void on(Event event) {
        if (event instanceof Event.Step step) {
            write(MetricsJson.line(step.metrics()));
        } else if (event instanceof Event.Epoch epoch) {
            onEpoch(epoch.metrics());
        } else if (event instanceof Event.ImageReplaced replaced && !badImages.contains(replaced.image())) {
            write(MetricsJson.line(replaced.image()));
        }
    }

    private void onEpoch(EpochMetrics epoch) {
        if (epoch.epoch() > lastEpoch) {
            lastEpoch = epoch.epoch();
            write(MetricsJson.line(epoch));
        }
        out.flush();
    }

    private void write(String line) {
        out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void flush() {
        out.flush();
    }

    @Override
    public void close() {
        out.close();
    }
}
