package dev.lockstep.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;

/** Reads an object by ranges: a whole block at a time. */
final class RangeChannel implements SeekableByteChannel {
    /** 4 MiB: at 20 ms and 1 Gb/s the wait for a block's first byte is less than the time of its transfer. */
    static final int BLOCK = 1 << 22;

    private final ObjectStore store;
    private final String key;
    private final long size;
    private ByteBuffer block = ByteBuffer.allocate(0);
    private long blockStart;
    private long position;
    private boolean open = true;

    RangeChannel(ObjectStore store, String key, long size) {
        this.store = store;
        this.key = key;
        this.size = size;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        requireOpen();
        if (position >= size) {
            return -1;
        }
        if (position < blockStart || position >= blockStart + block.limit()) {
            fetch();
        }
        int from = (int) (position - blockStart);
        int count = Math.min(target.remaining(), block.limit() - from);
        target.put(target.position(), block, from, count).position(target.position() + count);
        position += count;
        return count;
    }

    private void fetch() throws IOException {
        int length = (int) Math.min(BLOCK, size - position);
        ByteBuffer fetched = ByteBuffer.allocate(length);
        store.read(key, position, fetched);
        block = fetched.flip();
        blockStart = position;
    }

    private void requireOpen() throws ClosedChannelException {
        if (!open) {
            throw new ClosedChannelException();
        }
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public SeekableByteChannel position(long position) {
        this.position = position;
        return this;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public int write(ByteBuffer source) {
        throw new NonWritableChannelException();
    }

    @Override
    public SeekableByteChannel truncate(long size) {
        throw new NonWritableChannelException();
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public void close() {
        open = false;
        block = ByteBuffer.allocate(0);
    }
}
