package dev.lockstep.metrics;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * The few protobuf messages of TensorBoard's {@code event.proto} that scalars need, framed as TFRecords: length (8 bytes,
 * little-endian), masked CRC32C of the length, the message, masked CRC32C of the message.
 */
final class EventRecord {
    private static final int WALL_TIME = 1;
    private static final int STEP = 2;
    private static final int FILE_VERSION = 3;
    private static final int SUMMARY = 5;
    private static final int SESSION_LOG = 7;
    private static final int SUMMARY_VALUE = 1;
    private static final int VALUE_TAG = 1;
    private static final int VALUE_SIMPLE = 2;
    private static final int SESSION_STATUS = 1;
    private static final int SESSION_START = 1;

    private EventRecord() {}

    /** The first record of every event file. */
    static byte[] fileVersion(double wallTime) {
        Message event = event(wallTime, 0);
        event.text(FILE_VERSION, "brain.Event:2");
        return framed(event.bytes());
    }

    /** Makes TensorBoard discard this step and later ones from earlier files: the run went back to a checkpoint. */
    static byte[] sessionStart(double wallTime, long firstStep) {
        Message log = new Message();
        log.varint(SESSION_STATUS, SESSION_START);
        Message event = event(wallTime, firstStep);
        event.bytes(SESSION_LOG, log.bytes());
        return framed(event.bytes());
    }

    static byte[] scalars(double wallTime, long step, Map<String, Double> scalars) {
        Message summary = new Message();
        scalars.forEach((tag, number) -> {
            Message value = new Message();
            value.text(VALUE_TAG, tag);
            value.fixed32(VALUE_SIMPLE, Float.floatToIntBits(number.floatValue()));
            summary.bytes(SUMMARY_VALUE, value.bytes());
        });
        Message event = event(wallTime, step);
        event.bytes(SUMMARY, summary.bytes());
        return framed(event.bytes());
    }

    private static Message event(double wallTime, long step) {
        Message event = new Message();
        event.fixed64(WALL_TIME, Double.doubleToLongBits(wallTime));
        event.varint(STEP, step);
        return event;
    }

    private static byte[] framed(byte[] message) {
        byte[] length = ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(message.length)
                .array();
        return ByteBuffer.allocate(8 + 4 + message.length + 4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(length)
                .putInt(maskedCrc(length))
                .put(message)
                .putInt(maskedCrc(message))
                .array();
    }

    /** CRC32C rotated right by 15 bits plus a constant, so that the CRC of data that contains CRCs stays reliable. */
    private static int maskedCrc(byte[] data) {
        CRC32C crc = new CRC32C();
        crc.update(data);
        return Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
    }

    /** A protobuf message being written. */
    private static final class Message {
        private static final int VARINT = 0;
        private static final int FIXED64 = 1;
        private static final int LENGTH_DELIMITED = 2;
        private static final int FIXED32 = 5;

        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        void varint(int field, long value) {
            raw((long) field << 3 | VARINT);
            raw(value);
        }

        void fixed64(int field, long bits) {
            raw((long) field << 3 | FIXED64);
            littleEndian(bits, 8);
        }

        void fixed32(int field, int bits) {
            raw((long) field << 3 | FIXED32);
            littleEndian(bits, 4);
        }

        void text(int field, String text) {
            bytes(field, text.getBytes(StandardCharsets.UTF_8));
        }

        void bytes(int field, byte[] bytes) {
            raw((long) field << 3 | LENGTH_DELIMITED);
            raw(bytes.length);
            out.writeBytes(bytes);
        }

        byte[] bytes() {
            return out.toByteArray();
        }

        private void raw(long value) {
            long rest = value;
            while ((rest & ~0x7fL) != 0) {
                out.write((int) (rest & 0x7f | 0x80));
                rest >>>= 7;
            }
            out.write((int) rest);
        }

        private void littleEndian(long bits, int bytes) {
            for (int i = 0; i < bytes; i++) {
                out.write((int) (bits >>> 8 * i));
            }
        }
    }
}
