package dev.lockstep.image.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;

/**
 * A shard as one who reads the headers of its members sees it. Headers may bring names and attributes of any length, which
 * are read into memory as a whole; here they end at a limit.
 */
final class TarHeaders implements SeekableByteChannel {
    private static final long MOST = 1 << 24;

    private final SeekableByteChannel shard;
    private long run;
    private long end = -1;

    TarHeaders(SeekableByteChannel shard) {
        this.shard = shard;
    }

    /** Reads. Who reads on and on is not at the headers of members any more, whose contents lie between them. */
    @Override
    public int read(ByteBuffer target) throws IOException {
        run = shard.position() == end ? run : 0;
        int read = shard.read(target);
        run += Math.max(0, read);
        end = shard.position();
        if (run > MOST) {
            throw new IOException("a header is too long, most bytes = " + MOST);
        }
        return read;
    }

    @Override
    public int write(ByteBuffer source) {
        throw new UnsupportedOperationException("for reading");
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
        throw new UnsupportedOperationException("for reading");
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
