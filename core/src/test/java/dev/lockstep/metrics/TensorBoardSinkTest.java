package dev.lockstep.metrics;

import static dev.lockstep.metrics.Samples.epoch;
import static dev.lockstep.metrics.Samples.step;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads the bytes back with a reader that shares nothing with the writer: its own bitwise CRC and protobuf walk. */
final class TensorBoardSinkTest {
    private static final Clock CLOCK = Clock.fixed(Instant.ofEpochSecond(1_700_000_000L, 250_000_000), ZoneOffset.UTC);

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @Test
    void scalars_areReadBack() throws IOException {
        StepMetrics large = step(1L << 40, 3);
        try (TensorBoardSink sink = TensorBoardSink.open(folder, 0, notice -> {}, CLOCK, System::nanoTime)) {
            sink.on(new Event.Step(step(7, 0)));
            sink.on(new Event.Step(large));
            sink.on(new Event.Epoch(epoch(0, 300, 0.125)));
        }
        List<Read> events = events();
        assertThat(events.get(0).fileVersion).isEqualTo("brain.Event:2");
        assertThat(events).allSatisfy(event -> assertThat(event.wallTime).isEqualTo(1_700_000_000.25));
        Read first = events.get(2);
        assertThat(first.step).isEqualTo(7);
        assertThat(first.scalars)
                .containsOnlyKeys(
                        "train/loss",
                        "train/top1_error",
                        "train/learning_rate",
                        "train/images_per_second",
                        "train/noise_scale",
                        "time/step_seconds",
                        "time/data_wait_seconds",
                        "time/exposed_communication_seconds");
        assertThat(first.scalars.get("train/loss")).isCloseTo(2.23f, within(1e-6f));
        assertThat(first.scalars.get("train/noise_scale")).isEqualTo(900.25f);
        assertThat(events.get(3).step).isEqualTo(1L << 40);
        Read last = events.get(4);
        assertThat(last.step).isEqualTo(300);
        assertThat(last.scalars.get("validation/top1_error")).isEqualTo(0.125f);
        assertThat(last.scalars).doesNotContainKey("validation/top5_error");
    }

    @Test
    void open_onResume_startsASessionAfterTheCheckpoint() throws IOException {
        TensorBoardSink.open(folder, 120, notice -> {}, CLOCK, System::nanoTime).close();
        assertThat(events().get(1)).satisfies(event -> {
            assertThat(event.sessionStatus).isEqualTo(1);
            assertThat(event.step).isEqualTo(121);
        });
    }

    private List<Read> events() throws IOException {
        Path file;
        try (var files = Files.list(folder)) {
            file = files.findFirst().orElseThrow();
        }
        assertThat(file.getFileName().toString()).isEqualTo("events.out.tfevents.1700000000.250000000.lockstep");
        ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        List<Read> events = new ArrayList<>();
        while (in.hasRemaining()) {
            byte[] length = take(in, 8);
            assertThat(in.getInt()).isEqualTo(masked(crc32c(length)));
            byte[] message = take(in, (int)
                    ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong());
            assertThat(in.getInt()).isEqualTo(masked(crc32c(message)));
            events.add(event(message));
        }
        return events;
    }

    private static final class Read {
        private double wallTime;
        private long step;
        private String fileVersion = "";
        private long sessionStatus;
        private final Map<String, Float> scalars = new TreeMap<>();
    }

    private static Read event(byte[] message) {
        Read event = new Read();
        ByteBuffer in = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
        while (in.hasRemaining()) {
            switch ((int) varint(in)) {
                case 0x09 -> event.wallTime = in.getDouble();
                case 0x10 -> event.step = varint(in);
                case 0x1a -> event.fileVersion = new String(take(in, (int) varint(in)), StandardCharsets.UTF_8);
                case 0x2a -> summary(take(in, (int) varint(in)), event);
                case 0x3a -> event.sessionStatus = take(in, (int) varint(in))[1];
                default -> throw new AssertionError("unknown field before position " + in.position());
            }
        }
        return event;
    }

    private static void summary(byte[] message, Read event) {
        ByteBuffer in = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
        while (in.hasRemaining()) {
            assertThat(varint(in)).isEqualTo(0x0a);
            ByteBuffer value = ByteBuffer.wrap(take(in, (int) varint(in))).order(ByteOrder.LITTLE_ENDIAN);
            assertThat(varint(value)).isEqualTo(0x0a);
            String tag = new String(take(value, (int) varint(value)), StandardCharsets.UTF_8);
            assertThat(varint(value)).isEqualTo(0x15);
            event.scalars.put(tag, value.getFloat());
            assertThat(value.hasRemaining()).isFalse();
        }
    }

    private static byte[] take(ByteBuffer in, int length) {
        byte[] bytes = new byte[length];
        in.get(bytes);
        return bytes;
    }

    private static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte b = in.get();
            value |= (long) (b & 0x7f) << shift;
            if (b >= 0) {
                return value;
            }
        }
    }

    private static int crc32c(byte[] data) {
        int crc = -1;
        for (byte b : data) {
            crc ^= b & 0xff;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 1) != 0 ? crc >>> 1 ^ 0x82f63b78 : crc >>> 1;
            }
        }
        return ~crc;
    }

    private static int masked(int crc) {
        return (crc >>> 15 | crc << 17) + 0xa282ead8;
    }
}
