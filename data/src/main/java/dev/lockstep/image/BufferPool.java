package dev.lockstep.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayDeque;

/**
 * A pool of direct buffers in native byte order. Reuse matters because a new buffer is zeroed, costs one page
 * fault per page, and is freed only when the garbage collector happens to run. Thread-safe.
 */
public final class BufferPool {
    private final int kept;
    private final ArrayDeque<Memory> free = new ArrayDeque<>();

    /** @param kept the maximum number of returned buffers to keep; others are left to the garbage collector */
    public BufferPool(int kept) {
        this.kept = kept;
    }

    /** A buffer as bytes and as floats, in native byte order. */
    record Memory(ByteBuffer bytes, FloatBuffer floats) {}

    /** A buffer at position 0 with {@code size} bytes as its limit; its contents are undefined. */
    Memory take(int size) {
        synchronized (free) {
            Memory last = free.pollLast();
            if (last != null && last.bytes.capacity() >= size) {
                last.bytes.clear().limit(size);
                last.floats.clear().limit(size / Float.BYTES);
                return last;
            }
        }
        ByteBuffer fresh = ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
        return new Memory(fresh, fresh.asFloatBuffer());
    }

    void give(Memory buffer) {
        synchronized (free) {
            if (free.size() < kept) {
                free.addLast(buffer);
            }
        }
    }
}
