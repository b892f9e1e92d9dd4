package dev.lockstep.image.format;

import dev.lockstep.image.ImageData;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Writes a file of decoded photographs from front to back, see {@link RawShard}. Closing it completes the file. */
public final class RawShardWriter implements AutoCloseable {
    private static final int BUFFER = 1 << 16;

    private final OutputStream out;
    private final ByteArrayOutputStream indexBytes = new ByteArrayOutputStream();
    private final DataOutputStream index = new DataOutputStream(indexBytes);
    private long written;

    /** @param file must not exist */
    public RawShardWriter(Path file) throws IOException {
        out = new BufferedOutputStream(
                Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), BUFFER);
    }

    /** Whether an image still fits; the first one always does. */
    public boolean fits(ImageData.Pixels image) {
        return written == 0 || written + image.values().length <= RawShard.MOST_BYTES;
    }

    /**
     * Adds an image.
     *
     * @param image 3 channels, as it is stored in its file
     * @param orientation the EXIF orientation of that file
     */
    public void add(String key, int label, ImageData.Pixels image, int orientation) throws IOException {
        byte[] name = key.getBytes(StandardCharsets.UTF_8);
        index.writeShort(name.length);
        index.write(name);
        index.writeInt(label);
        index.writeInt(image.height());
        index.writeInt(image.width());
        index.writeByte(orientation);
        index.writeInt(RawShard.crc(ByteBuffer.wrap(image.values())));
        out.write(image.values());
        written += image.values().length;
    }

    @Override
    public void close() throws IOException {
        try (out) {
            byte[] bytes = indexBytes.toByteArray();
            out.write(bytes);
            out.write(ByteBuffer.allocate(RawShard.TRAILER)
                    .putInt(bytes.length)
                    .putInt(RawShard.crc(ByteBuffer.wrap(bytes)))
                    .putLong(RawShard.MAGIC)
                    .array());
        }
    }
}
