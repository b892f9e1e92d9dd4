package dev.lockstep.metrics;

import dev.lockstep.errors.LockstepException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * A file of whole records that is flushed at least once per second while records arrive. A write that fails, as on a
 * full disk, is reported and retried with the next record, and leaves no partial record: a run must not die because of
 * its log, and the log must not end at the first problem.
 */
final class MetricsStream implements AutoCloseable {
    private static final long FLUSH_NANOS = TimeUnit.SECONDS.toNanos(1);
    /** The limit on unwritten records if a disk stays full. */
    private static final int MOST_BYTES = 1 << 26;

    private final Path file;
    private final SeekableByteChannel channel;
    private final LongSupplier nanoTime;
    private final Consumer<String> notices;
    private final ByteArrayOutputStream pending = new ByteArrayOutputStream();
    private long written;
    private long lastFlush;
    private boolean failing;
    private long dropped;

    /** @param channel at any position; records are appended */
    MetricsStream(Path file, SeekableByteChannel channel, LongSupplier nanoTime, Consumer<String> notices)
            throws IOException {
        this.file = file;
        this.channel = channel;
        this.nanoTime = nanoTime;
        this.notices = notices;
        this.written = channel.size();
        this.lastFlush = nanoTime.getAsLong();
    }

    /**
     * Continues at the end of the file.
     *
     * @param notices receives a line when writing fails, and one when it works again
     * @param options in addition to WRITE
     */
    static MetricsStream open(Path file, LongSupplier nanoTime, Consumer<String> notices, OpenOption... options) {
        try {
            return new MetricsStream(file, Files.newByteChannel(file, withWrite(options)), nanoTime, notices);
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    private static Set<OpenOption> withWrite(OpenOption... options) {
        Set<OpenOption> all = new HashSet<>(List.of(options));
        all.add(StandardOpenOption.WRITE);
        return all;
    }

    static LockstepException unwritable(Path file, IOException e) {
        return new LockstepException(
                LockstepException.Kind.RECIPE,
                "cannot write metrics: " + e,
                "file = " + file,
                "make the run folder writable or choose another output folder",
                e);
    }

    /** Writes one record. */
    void write(byte[] record) {
        if (pending.size() + record.length <= MOST_BYTES) {
            pending.writeBytes(record);
        } else {
            dropped++;
        }
        if (nanoTime.getAsLong() - lastFlush >= FLUSH_NANOS) {
            flush();
        }
    }

    void flush() {
        lastFlush = nanoTime.getAsLong();
        if (pending.size() == 0) {
            return;
        }
        try {
            channel.position(written);
            ByteBuffer records = ByteBuffer.wrap(pending.toByteArray());
            while (records.hasRemaining()) {
                channel.write(records);
            }
            written += pending.size();
            pending.reset();
            if (failing) {
                failing = false;
                notices.accept("metrics can be written again, file = " + file
                        + (dropped > 0 ? "; records dropped = " + dropped : ""));
                dropped = 0;
            }
        } catch (IOException e) {
            undo();
            if (!failing) {
                failing = true;
                notices.accept("warning: metrics cannot be written, file = " + file + ": " + e.getMessage()
                        + "; training continues, and up to 64 MiB of them are kept until they can be");
            }
        }
    }

    /** Removes a partial record. If that fails, the next attempt overwrites it. */
    private void undo() {
        try {
            channel.truncate(written);
        } catch (IOException e) {
            // Already reported: the previous write has failed.
        }
    }

    @Override
    public void close() {
        flush();
        try {
            channel.close();
        } catch (IOException e) {
            notices.accept("warning: metrics may be incomplete, file = " + file + ": " + e.getMessage());
        }
    }
}
