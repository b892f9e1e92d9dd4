package dev.lockstep.metrics;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Follows a file of JSON lines that another process appends to. A run that resumes cuts its metrics off at its checkpoint:
 * then the file is read anew from its start.
 *
 * @param <R> a record of the file
 */
public final class RunTail<R> {
    private static final int CHUNK = 1 << 18;
    /** Far above any record; a longer line is damage. */
    private static final int LONGEST = 1 << 24;

    private final Path file;
    private final Function<byte[], Optional<R>> parser;
    private long position;

    private RunTail(Path file, Function<byte[], Optional<R>> parser) {
        this.file = file;
        this.parser = parser;
    }

    /** Of {@code metrics.jsonl}: {@link StepMetrics}, {@link EpochMetrics} and {@link BadImage}. */
    public static RunTail<Record> metrics(Path runFolder) {
        return new RunTail<>(runFolder.resolve(MetricsFile.NAME), MetricsJson::parse);
    }

    /** Of {@code events.jsonl}. */
    public static RunTail<JournalEntry> journal(Path runFolder) {
        return new RunTail<>(runFolder.resolve(JournalEntry.NAME), JournalEntry::parse);
    }

    /** The next poll reads from the start of the file. */
    public void rewind() {
        position = 0;
    }

    /**
     * Hands over the records that are whole and new; a line that is no record is left out. A file that does not exist has
     * none.
     *
     * @return whether the file has become shorter, so that everything handed over before is void: nothing is read then, the
     *     next call starts anew
     * @throws IOException when the file exists and cannot be read
     */
    public boolean poll(Consumer<R> records) throws IOException {
        if (!Files.isRegularFile(file)) {
            boolean gone = position > 0;
            position = 0;
            return gone;
        }
        try (SeekableByteChannel channel = Files.newByteChannel(file)) {
            if (channel.size() < position) {
                position = 0;
                return true;
            }
            channel.position(position);
            read(channel, records);
            return false;
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    private void read(SeekableByteChannel channel, Consumer<R> records) throws IOException {
        byte[] bytes = new byte[CHUNK];
        int filled = 0;
        while (true) {
            int count = channel.read(ByteBuffer.wrap(bytes, filled, bytes.length - filled));
            if (count <= 0) {
                return;
            }
            filled += count;
            int used = lines(bytes, filled, records);
            position += used;
            System.arraycopy(bytes, used, bytes, 0, filled - used);
            filled -= used;
            if (filled == bytes.length) {
                if (filled >= LONGEST) {
                    position += filled;
                    filled = 0;
                } else {
                    bytes = Arrays.copyOf(bytes, 2 * bytes.length);
                }
            }
        }
    }

    /** Returns the length of the whole lines. */
    private int lines(byte[] bytes, int length, Consumer<R> records) {
        int start = 0;
        for (int i = 0; i < length; i++) {
            if (bytes[i] == '\n') {
                parser.apply(Arrays.copyOfRange(bytes, start, i)).ifPresent(records);
                start = i + 1;
            }
        }
        return start;
    }
}
