package dev.lockstep.collective;

import dev.lockstep.torch.CpuDevice;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bytedeco.pytorch.Tensor;

/**
 * One message between two processes, to be sent or received again and again: eight bytes with its kind and length, then
 * its data.
 */
final class Message {
    static final int HEADER_BYTES = 8;

    private final int peer;
    private final int tag;
    private final ByteBuffer header = ByteBuffer.allocateDirect(HEADER_BYTES);
    private final ByteBuffer data;
    private final ByteBuffer[] both;
    private boolean done = true;

    /**
     * @param peer the rank at the other end
     * @param tag messages of one tag arrive in the order in which they were sent
     * @param data a direct buffer; all of it, from 0 to its limit
     */
    Message(int peer, int tag, ByteBuffer data) {
        this.peer = peer;
        this.tag = tag;
        this.data = data;
        this.both = new ByteBuffer[] {header, data};
    }

    /** Backed by the memory of a contiguous float32 tensor on the host, which must outlive the message. */
    static Message of(int peer, int tag, Tensor tensor) {
        return new Message(peer, tag, CpuDevice.bytes(tensor));
    }

    int peer() {
        return peer;
    }

    int tag() {
        return tag;
    }

    int length() {
        return data.limit();
    }

    boolean isDone() {
        return done;
    }

    /** Prepares it to be sent or received. */
    void begin() {
        if (!done) {
            throw new IllegalStateException("a message is under way: peer = " + peer + ", tag = " + tag);
        }
        done = false;
        data.rewind();
        header.clear();
        header.order(ByteOrder.BIG_ENDIAN).putInt(tag).putInt(length()).flip();
    }

    void end() {
        done = true;
    }

    /** Whether part of it has yet to be sent. */
    boolean hasRemaining() {
        return header.hasRemaining() || data.hasRemaining();
    }

    ByteBuffer[] headerAndData() {
        return both;
    }

    ByteBuffer data() {
        return data;
    }
}
