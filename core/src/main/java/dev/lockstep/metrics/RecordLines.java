package dev.lockstep.metrics;

import dev.lockstep.errors.InputFile;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The lines of a file of metrics, in order, and their length in bytes; an unterminated line is ignored. */
final class RecordLines implements Closeable {
    /** Far above any record; a longer line is damage and is not kept in memory. */
    private static final int LONGEST = 1_000_000;

    private final InputStream in;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private long bytes;
    private boolean whole;

    private RecordLines(InputStream in) {
        this.in = in;
    }

    static RecordLines open(Path file) throws IOException {
        InputFile.requireRegular(file);
        return new RecordLines(new BufferedInputStream(Files.newInputStream(file), 1 << 16));
    }

    /** Advances to the next line; false at the end of the file. */
    boolean next() throws IOException {
        line.reset();
        long length = 0;
        int c = in.read();
        while (c >= 0 && c != '\n') {
            if (++length <= LONGEST) {
                line.write(c);
            }
            c = in.read();
        }
        whole = c == '\n';
        bytes += length + (whole ? 1 : 0);
        return whole || length > 0;
    }

    /** The number of bytes up to the end of this line. */
    long bytes() {
        return bytes;
    }

    /** Whether this line is terminated. */
    boolean isWhole() {
        return whole;
    }

    /** The record in this line; empty if it is not a record. */
    Optional<Record> record() {
        return line.size() < LONGEST ? MetricsJson.parse(line.toByteArray()) : Optional.empty();
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
