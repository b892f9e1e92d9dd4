package dev.lockstep.report;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * {@code metrics.jsonl}: one line a step, one an epoch and one a bad image that was replaced, on disk within about a second
 * and after every epoch. A resumed run has each step and each epoch once: what an interrupted run wrote beyond its checkpoint
 * is cut off, and an epoch that is already there is not written again.
 */
public final class JsonLinesSink implements MetricSink {
    private final MetricsStream out;
    private int lastEpoch;

    private JsonLinesSink(MetricsStream out, int lastEpoch) {
        this.out = out;
        this.lastEpoch = lastEpoch;
    }

    /**
     * @param resumeStep the step of the checkpoint that training goes on from; 0 starts anew
     * @param notices takes one line when the file can no longer be written, as on a full disk
     * @throws dev.lockstep.errors.LockstepException of kind RECIPE when the file cannot be written
     */
    public static JsonLinesSink open(Path file, long resumeStep, Consumer<String> notices) {
        return open(file, resumeStep, notices, System::nanoTime);
    }

    static JsonLinesSink open(Path file, long resumeStep, Consumer<String> notices, LongSupplier nanoTime) {
        int lastEpoch = -1;
        try {
            if (Files.exists(file)) {
                MetricsFile.Kept kept = MetricsFile.upTo(file, resumeStep);
                truncate(file, kept.bytes());
                lastEpoch = kept.lastEpoch();
            }
        } catch (IOException e) {
            throw MetricsStream.unwritable(file, e);
        }
        return new JsonLinesSink(
                MetricsStream.open(file, nanoTime, notices, StandardOpenOption.CREATE, StandardOpenOption.APPEND),
                lastEpoch);
    }

    private static void truncate(Path file, long bytes) throws IOException {
        try (var channel = Files.newByteChannel(file, StandardOpenOption.WRITE)) {
            channel.truncate(bytes);
        }
    }

    @Override
    public void onStep(StepMetrics step) {
        write(MetricsJson.line(step));
    }

    @Override
    public void onEpoch(EpochMetrics epoch) {
        if (epoch.epoch() > lastEpoch) {
            lastEpoch = epoch.epoch();
            write(MetricsJson.line(epoch));
        }
        out.flush();
    }

    @Override
    public void onBadImage(BadImage image) {
        write(MetricsJson.line(image));
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
