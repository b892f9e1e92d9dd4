package dev.lockstep.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayDeque;

/**
 * A pool of direct float buffers in native byte order. Reuse matters because a new buffer is zeroed, costs one page
 * fault per page, and is freed only when the garbage collector happens to run. Thread-safe.
 */
public final class BufferPool {
    private final int kept;
    private final ArrayDeque<FloatBuffer> free = new ArrayDeque<>();

    /** @param kept the maximum number of returned buffers to keep; others are left to the garbage collector */
    public BufferPool(int kept) {
        this.kept = kept;
    }

    /** A buffer at position 0 with {@code size} as its limit; its contents are undefined. */
    FloatBuffer take(int size) {
        synchronized (free) {
            FloatBuffer last = free.pollLast();
            if (last != null && last.capacity() >= size) {
                return last.clear().limit(size);
            }
        }
        return ByteBuffer.allocateDirect(Math.multiplyExact(size, Float.BYTES))
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
    }

    void give(FloatBuffer buffer) {
        synchronized (free) {
            if (free.size() < kept) {
                free.addLast(buffer);
            }
        }
    }
}
