package dev.lockstep.metrics;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Some consecutive steps of {@code metrics.jsonl}, found by bisection: the records are in the order of their steps, so the rest of
 * a long file need not be read.
 */
public final class MetricsRange {
    /** Below this many bytes, reading is as fast as seeking. */
    private static final int NEAR = 1 << 16;

    private MetricsRange() {}

    /**
     * Hands over the steps after {@code after}, up to and with {@code last}, in order.
     *
     * @throws IOException when the file cannot be read
     */
    public static void read(Path runFolder, long after, long last, Consumer<StepMetrics> steps) throws IOException {
        try (SeekableByteChannel channel = Files.newByteChannel(runFolder.resolve(MetricsFile.NAME))) {
            long low = 0;
            long high = channel.size();
            while (high - low > NEAR) {
                long middle = (low + high) / 2;
                if (stepBehind(channel, middle) <= after) {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            scan(channel, low, after, last, steps);
        }
    }

    /** The step of the first whole record behind a position; that of a record that is none is very large. */
    private static long stepBehind(SeekableByteChannel channel, long position) throws IOException {
        channel.position(position);
        byte[] bytes = new byte[NEAR];
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
            // Until it is full, or the file ends.
        }
        int start = indexOf(bytes, 0, buffer.position()) + 1;
        while (start > 0) {
            int end = indexOf(bytes, start, buffer.position());
            if (end < 0) {
                break;
            }
            Optional<StepMetrics> step = step(Arrays.copyOfRange(bytes, start, end));
            if (step.isPresent()) {
                return step.get().step();
            }
            start = end + 1;
        }
        return Long.MAX_VALUE;
    }

    private static int indexOf(byte[] bytes, int from, int to) {
        for (int i = from; i < to; i++) {
            if (bytes[i] == '\n') {
                return i;
            }
        }
        return -1;
    }

    private static void scan(SeekableByteChannel channel, long from, long after, long last, Consumer<StepMetrics> steps)
            throws IOException {
        channel.position(from);
        InputStream in = new BufferedInputStream(Channels.newInputStream(channel), NEAR);
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next = in.read(); next >= 0; next = in.read()) {
            if (next != '\n') {
                line.write(next);
                continue;
            }
            // The first line may be the rest of one, which is no record.
            Optional<StepMetrics> step = step(line.toByteArray());
            line.reset();
            if (step.isPresent() && step.get().step() > last) {
                return;
            }
            step.filter(found -> found.step() > after).ifPresent(steps);
        }
    }

    private static Optional<StepMetrics> step(byte[] line) {
        return MetricsJson.parse(line).filter(StepMetrics.class::isInstance).map(StepMetrics.class::cast);
    }
}
