package dev.lockstep.image.codec;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Reads the bits of a JPEG file's entropy-coded data up to the next marker, without the zero bytes stuffed after 0xFF.
 * After {@link #fill}, bits are taken from {@link #buffer}, most significant first. Bits beyond the end of the data are
 * zeros; {@link #isShort} reports whether any were taken.
 */
final class JpegBits {
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    private static final long ONES = 0x0101010101010101L;
    private static final long HIGH = 0x8080808080808080L;

    private final byte[] bytes;
    private int at;

    /** The next bits; the next one is the most significant. */
    long buffer;
    /** The number of valid bits in the buffer; negative when more were taken than available. */
    int count;

    JpegBits(byte[] bytes, int at) {
        this.bytes = bytes;
        this.at = at;
    }

    /** Fills the buffer with at least 57 bits, or with all that are left. */
    void fill() {
        if (count >= 0 && at + Long.BYTES <= bytes.length) {
            long next = (long) LONGS.get(bytes, at);
            long inverse = ~next;
            if ((inverse - ONES & ~inverse & HIGH) == 0) { // None of the eight bytes is 0xFF.
                // This may include some bits of a further byte. That byte is read again next time and sets the same
                // bits.
                buffer |= next >>> count;
                int whole = Long.SIZE - count >> 3;
                at += whole;
                count += whole << 3;
                return;
            }
        }
        fillByBytes();
    }

    private void fillByBytes() {
        while (count >= 0 && count <= 56 && !atMarker()) {
            int value = bytes[at] & 0xFF;
            if (value == 0xFF) {
                while ((bytes[at] & 0xFF) == 0xFF) {
                    at++;
                }
            }
            at++;
            buffer |= (long) value << 56 - count;
            count += 8;
        }
    }

    /** Whether a marker or the end of the file is next. */
    private boolean atMarker() {
        int next = at;
        while (next < bytes.length && (bytes[next] & 0xFF) == 0xFF) {
            next++;
        }
        return next == bytes.length || next > at && bytes[next] != 0;
    }

    /** Whether more bits were taken than available. */
    boolean isShort() {
        return count < 0;
    }

    /**
     * Reads the next symbol; -1 when the bits are not a code. Leaves at least 16 bits in the buffer if that many
     * remain.
     */
    int symbol(HuffmanTable table) {
        if (count < 32) {
            fill();
        }
        int entry = table.find((int) (buffer >>> 48));
        skipReady(entry & 0xFF);
        return entry == 0 ? -1 : entry >> 8;
    }

    /**
     * Reads the next bits as a number.
     *
     * @param bits up to 16
     */
    int take(int bits) {
        if (bits == 0) {
            return 0;
        }
        if (count < bits) {
            fill();
        }
        int value = (int) (buffer >>> Long.SIZE - bits);
        skipReady(bits);
        return value;
    }

    /**
     * @param bits up to 63
     */
    void skip(int bits) {
        if (count < bits && bits > 32) {
            skip(bits - 32);
            skip(32);
            return;
        }
        if (count < bits) {
            fill();
        }
        skipReady(bits);
    }

    private void skipReady(int bits) {
        buffer <<= bits;
        count -= bits;
    }

    /** Ends the data. Returns the offset of the next marker, or -1 when whole bytes are left over. */
    int end() {
        return count < 8 && atMarker() ? at : -1;
    }
}
