package dev.lockstep.image.format;

import dev.lockstep.errors.InputFile;
import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A file of decoded photographs, to be mapped into memory. It holds
 *
 * <ol>
 *   <li>the pixels of each image, 8-bit RGB, row by row, one image after another;
 *   <li>the index, for each image: the length of its key (2 bytes), the key in UTF-8, label, height, width (4 bytes each),
 *       EXIF orientation (1 byte), the CRC-32C of its pixels (4 bytes);
 *   <li>the length of the index and its CRC-32C (4 bytes each), and {@link #MAGIC}.
 * </ol>
 *
 * <p>All numbers are big-endian. Data and index are shorter than 2 GiB, the most that a program maps at once.
 *
 * @param pixels the mapped pixels; empty when there are none
 * @param images what the index says
 */
record RawShard(ByteBuffer pixels, List<Image> images) {
    /** The end of a file, with the version of the format. */
    static final long MAGIC = 0x4C_53_52_41_57_0A_00_01L; // "LSRAW\n", version 1

    /** The most bytes of pixels that a file holds: 1 GiB. */
    static final long MOST_BYTES = 1L << 30;

    private static final int CHANNELS = 3;
    static final int TRAILER = 16;

    /** An image in a file; see the list above. */
    record Image(String key, int label, int height, int width, byte orientation, int crc) {
        long bytes() {
            return (long) height * width * CHANNELS;
        }
    }

    static int crc(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    /**
     * Maps a file and reads its index.
     *
     * @throws LockstepException of kind DATA when the file cannot be read, or its size, index or end are not as written
     */
    static RawShard open(Path file) {
        try {
            InputFile.requireRegular(file);
            try (FileChannel channel = FileChannel.open(file)) {
                return open(file, channel);
            }
        } catch (IOException e) {
            throw damaged(file, "cannot read the shard: " + e, e);
        }
    }

    private static RawShard open(Path file, FileChannel channel) throws IOException {
        long size = channel.size();
        ByteBuffer trailer = read(channel, Math.max(0, size - TRAILER), TRAILER);
        if (trailer.remaining() < TRAILER || trailer.getLong(8) != MAGIC) {
            throw damaged(file, "shard of raw images is truncated, or of another version", null);
        }
        long length = trailer.getInt(0);
        long data = size - TRAILER - length;
        if (length < 0 || data < 0 || data > Integer.MAX_VALUE) {
            throw damaged(file, "shard of raw images has a damaged end", null);
        }
        ByteBuffer index = read(channel, data, (int) length);
        if (crc(index.duplicate()) != trailer.getInt(4)) {
            throw damaged(file, "shard of raw images has a damaged index", null);
        }
        List<Image> images = images(file, index);
        if (images.stream().mapToLong(Image::bytes).sum() != data) {
            throw damaged(file, "shard of raw images has another size than its index says", null);
        }
        ByteBuffer pixels = data == 0 ? ByteBuffer.allocate(0) : channel.map(FileChannel.MapMode.READ_ONLY, 0, data);
        return new RawShard(pixels, images);
    }

    private static List<Image> images(Path file, ByteBuffer index) {
        List<Image> images = new ArrayList<>();
        try {
            while (index.hasRemaining()) {
                byte[] key = new byte[index.getShort() & 0xFFFF];
                index.get(key);
                Image image = new Image(
                        new String(key, StandardCharsets.UTF_8),
                        index.getInt(),
                        index.getInt(),
                        index.getInt(),
                        index.get(),
                        index.getInt());
                if (image.label < 0
                        || image.orientation < 1
                        || image.orientation > 8
                        || image.height < 1
                        || image.width < 1
                        || image.bytes() > Integer.MAX_VALUE) {
                    throw damaged(file, "shard of raw images has a damaged index", null);
                }
                images.add(image);
            }
        } catch (BufferUnderflowException e) {
            throw damaged(file, "shard of raw images has a damaged index", e);
        }
        return images;
    }

    private static ByteBuffer read(FileChannel channel, long from, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.BIG_ENDIAN);
        while (bytes.hasRemaining() && channel.read(bytes, from + bytes.position()) >= 0) {
            // Continue until the buffer is full or the file ends.
        }
        return bytes.flip();
    }

    private static LockstepException damaged(Path file, String what, @Nullable Exception cause) {
        String where = "shard = " + file;
        String fix = "pack it again";
        return cause == null
                ? LockstepException.data(what, where, fix)
                : new LockstepException(LockstepException.Kind.DATA, what, where, fix, cause);
    }
}
