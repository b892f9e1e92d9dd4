package dev.lockstep.report;

import dev.lockstep.errors.LockstepException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * A buffered file that is brought up to date at least once a second while records come. The first failed write is
 * reported and ends the file, not the training: a run must not die for its log.
 */
final class MetricsStream implements AutoCloseable {
    private static final long FLUSH_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final int BUFFER_BYTES = 1 << 16;

    private final Path file;
    private final OutputStream out;
    private final LongSupplier nanoTime;
    private final Consumer<String> notices;
    private long lastFlush;
    private boolean failed;

    private MetricsStream(Path file, OutputStream out, LongSupplier nanoTime, Consumer<String> notices) {
        this.file = file;
        this.out = out;
        this.nanoTime = nanoTime;
        this.notices = notices;
        this.lastFlush = nanoTime.getAsLong();
    }

    /** @param notices takes the one line that tells of a failed write */
    static MetricsStream open(Path file, LongSupplier nanoTime, Consumer<String> notices, OpenOption... options) {
        try {
            OutputStream out = Files.newOutputStream(file, options);
            return new MetricsStream(file, new BufferedOutputStream(out, BUFFER_BYTES), nanoTime, notices);
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    static LockstepException unwritable(Path file, IOException e) {
        return new LockstepException(
                LockstepException.Kind.RECIPE,
                "cannot write metrics: " + e,
                "file = " + file,
                "make the run folder writable or choose another with --out",
                e);
    }

    /** Writes one record. */
    void write(byte[] record) {
        attempt(() -> out.write(record));
        if (nanoTime.getAsLong() - lastFlush >= FLUSH_NANOS) {
            flush();
        }
    }

    void flush() {
        lastFlush = nanoTime.getAsLong();
        attempt(out::flush);
    }

    @Override
    public void close() {
        attempt(out::close);
    }

    @FunctionalInterface
    private interface Action {
        void run() throws IOException;
    }

    private void attempt(Action action) {
        if (failed) {
            return;
        }
        try {
            action.run();
        } catch (IOException e) {
            failed = true;
            notices.accept("warning: metrics can no longer be written, file = " + file + ": " + e.getMessage()
                    + "; training goes on without them");
        }
    }
}
