package dev.lockstep.image.codec;

import dev.lockstep.errors.LockstepException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.CRC32;

/** The chunks of a PNG file: reads the size, and checks that every chunk up to the end chunk is complete. */
final class PngStructure {
    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    private static final int HEADER = 0x49484452;
    private static final int END = 0x49454E44;
    private static final int EXIF = 0x65584966;
    /** Bytes of a chunk's length, type and checksum. */
    private static final int FRAMING = 12;

    private PngStructure() {}

    static boolean matches(byte[] bytes) {
        return bytes.length >= SIGNATURE.length
                && Arrays.equals(bytes, 0, SIGNATURE.length, SIGNATURE, 0, SIGNATURE.length);
    }

    static ImageHeader read(byte[] bytes, String name) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        int at = SIGNATURE.length;
        int width = 0;
        int height = 0;
        int orientation = Orientation.AS_STORED;
        for (int type = 0; type != END; ) {
            int length = chunkLength(buffer, at, name);
            type = buffer.getInt(at + 4);
            boolean first = at == SIGNATURE.length;
            if (first != (type == HEADER) || first && length != 13) {
                throw ImageHeader.bad("PNG file has no valid header", name, "offset = " + at);
            }
            if (first) {
                width = buffer.getInt(at + 8);
                height = buffer.getInt(at + 12);
            }
            if (type == EXIF) {
                orientation = Orientation.ofTiff(bytes, at + 8, at + 8 + length);
            }
            at += FRAMING + length;
        }
        return new ImageHeader(ImageHeader.Format.PNG, Math.max(0, width), Math.max(0, height), orientation);
    }

    /** The data length of the chunk at {@code at}. Checks that the chunk is complete and its checksum correct. */
    private static int chunkLength(ByteBuffer buffer, int at, String name) {
        int left = buffer.capacity() - at;
        int length = left < FRAMING ? 0 : buffer.getInt(at);
        if (left < FRAMING || length < 0 || length > left - FRAMING) {
            throw truncated(buffer, name);
        }
        CRC32 checksum = new CRC32();
        checksum.update(buffer.array(), at + 4, length + 4);
        if ((int) checksum.getValue() != buffer.getInt(at + 8 + length)) {
            throw ImageHeader.bad("PNG file is damaged: a checksum is wrong", name, "offset = " + at);
        }
        return length;
    }

    private static LockstepException truncated(ByteBuffer buffer, String name) {
        return ImageHeader.bad("PNG file is truncated", name, "bytes = " + buffer.capacity());
    }
}
