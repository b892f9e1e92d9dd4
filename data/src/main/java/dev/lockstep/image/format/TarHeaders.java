package dev.lockstep.image.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;

/**
 * A view of a shard for reading member headers. Names and attributes in headers may have any length and are read into
 * memory; this channel limits how much is read in one piece.
 */
final class TarHeaders implements SeekableByteChannel {
    private static final long MOST = 1 << 24;

    private final SeekableByteChannel shard;
    private long run;
    private long end = -1;

    TarHeaders(SeekableByteChannel shard) {
        this.shard = shard;
    }

    /**
     * Reads, and fails when consecutive reads are too long in total. A reader of headers skips the contents between
     * them, so its reads stay short unless a header is too long.
     */
    @Override
    public int read(ByteBuffer target) throws IOException {
        run = shard.position() == end ? run : 0;
        int read = shard.read(target);
        run += Math.max(0, read);
        end = shard.position();
        if (run > MOST) {
            throw new IOException("a header is too long, limit in bytes = " + MOST);
        }
        return read;
    }

    @Override
    public int write(ByteBuffer source) {
        throw new UnsupportedOperationException("read-only");
    }

    @Override
    public long position() throws IOException {
        return shard.position();
    }

    @Override
    public SeekableByteChannel position(long position) throws IOException {
        shard.position(position);
        return this;
    }

    @Override
    public long size() throws IOException {
        return shard.size();
    }

    @Override
    public SeekableByteChannel truncate(long size) {
        throw new UnsupportedOperationException("read-only");
    }

    @Override
    public boolean isOpen() {
        return shard.isOpen();
    }

    @Override
    public void close() throws IOException {
        shard.close();
    }
}
