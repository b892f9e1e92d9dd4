package dev.lockstep.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayDeque;

/**
 * Direct float buffers in native order, used again and again: allocating one means zeroing and a page fault a page, and it
 * is freed only when the collector happens to run. Thread-safe.
 */
public final class BufferPool {
    private final int kept;
    private final ArrayDeque<FloatBuffer> free = new ArrayDeque<>();

    /**
     * @param kept how many returned buffers are kept; others go to the collector
     */
    public BufferPool(int kept) {
        this.kept = kept;
    }

    /** A buffer at position 0 with {@code size} as its limit; its contents are left over from earlier use. */
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
