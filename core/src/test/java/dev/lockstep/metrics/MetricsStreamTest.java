package dev.lockstep.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MetricsStreamTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    /** A file on a disk with room for so many more bytes: a write takes what fits, and the next one fails. */
    private static final class SmallDisk implements SeekableByteChannel {
        private final SeekableByteChannel file;
        private int room;

        SmallDisk(Path file, int room) throws IOException {
            this.file = Files.newByteChannel(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            this.room = room;
        }

        @Override
        public int write(ByteBuffer source) throws IOException {
            if (room == 0) {
                throw new IOException("No space left on device");
            }
            ByteBuffer part = source.slice();
            part.limit(Math.min(room, part.limit()));
            int count = file.write(part);
            source.position(source.position() + count);
            room -= count;
            return count;
        }

        @Override
        public int read(ByteBuffer target) throws IOException {
            return file.read(target);
        }

        @Override
        public long position() throws IOException {
            return file.position();
        }

        @Override
        public SeekableByteChannel position(long position) throws IOException {
            file.position(position);
            return this;
        }

        @Override
        public long size() throws IOException {
            return file.size();
        }

        @Override
        public SeekableByteChannel truncate(long size) throws IOException {
            file.truncate(size);
            return this;
        }

        @Override
        public boolean isOpen() {
            return file.isOpen();
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }

    @Test
    void write_onADiskThatIsFullForAWhile_losesNothing() throws IOException {
        Path file = folder.resolve("metrics");
        SmallDisk disk = new SmallDisk(file, 13);
        List<String> notices = new ArrayList<>();
        try (MetricsStream out = new MetricsStream(file, disk, System::nanoTime, notices::add)) {
            for (int record = 0; record < 5; record++) {
                out.write("record\n".getBytes(StandardCharsets.UTF_8));
                out.flush();
            }
            assertThat(Files.readString(file)).isEqualTo("record\n");
            disk.room = 1000;
            out.flush();
            assertThat(Files.readString(file)).isEqualTo("record\n".repeat(5));
        }
        assertThat(notices)
                .containsExactly(
                        "warning: metrics cannot be written, file = " + file + ": No space left on device; training "
                                + "continues, and up to 64 MiB of them are kept until they can be",
                        "metrics can be written again, file = " + file);
    }
}
