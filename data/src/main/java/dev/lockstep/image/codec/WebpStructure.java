package dev.lockstep.image.codec;

import dev.lockstep.errors.LockstepException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The chunks of a WebP file: reads size and orientation, and checks that every chunk is complete. */
final class WebpStructure {
    private static final int RIFF = 0x46464952;
    private static final int WEBP = 0x50424557;
    private static final int LOSSY = 0x20385056;
    private static final int LOSSLESS = 0x4C385056;
    private static final int EXTENDED = 0x58385056;
    private static final int EXIF = 0x46495845;
    private static final int EXIF_MARK = 0x66697845;
    /** Bytes of the file's header, and of a chunk's type and length. */
    private static final int HEADER_LENGTH = 12;

    private static final int CHUNK_HEADER_LENGTH = 8;
    private static final int ANIMATED = 2;
    private static final int LOSSLESS_MARK = 0x2F;
    private static final int LARGEST_SIDE = 0x3FFF;

    private final ByteBuffer file;
    private final String name;
    private int width;
    private int height;
    private int orientation = Orientation.AS_STORED;

    private WebpStructure(byte[] bytes, String name) {
        this.file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        this.name = name;
    }

    static boolean matches(byte[] bytes) {
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        return bytes.length >= HEADER_LENGTH && file.getInt(0) == RIFF && file.getInt(8) == WEBP;
    }

    static ImageHeader read(byte[] bytes, String name) {
        WebpStructure structure = new WebpStructure(bytes, name);
        structure.read();
        return new ImageHeader(ImageHeader.Format.WEBP, structure.width, structure.height, structure.orientation);
    }

    private void read() {
        long end = CHUNK_HEADER_LENGTH + (file.getInt(4) & 0xFFFFFFFFL);
        if (end > file.capacity()) {
            throw bad("WebP file is truncated", "bytes = " + file.capacity() + ", expected = " + end);
        }
        boolean pixels = false;
        for (long at = HEADER_LENGTH; at + CHUNK_HEADER_LENGTH <= end; ) {
            int type = file.getInt((int) at);
            long length = file.getInt((int) at + 4) & 0xFFFFFFFFL;
            long data = at + CHUNK_HEADER_LENGTH;
            if (data + length > end) {
                throw bad("WebP file is damaged: a chunk is longer than the file", "offset = " + at);
            }
            if (type == EXTENDED) {
                extended((int) data, length);
            } else if (type == LOSSY || type == LOSSLESS) {
                pixels((int) data, length, type == LOSSY);
                pixels = true;
            } else if (type == EXIF) {
                exif((int) data, (int) (data + length));
            }
            at = data + length + (length & 1);
        }
        if (!pixels) {
            throw bad("WebP file is damaged: no pixels", "bytes = " + file.capacity());
        }
    }

    private void extended(int at, long length) {
        if (length < 10) {
            throw bad("WebP file is damaged: its header is too short", "offset = " + at);
        }
        if ((file.get(at) & ANIMATED) != 0) {
            throw bad("animated WebP files are not supported", "offset = " + at);
        }
        requireSize(1 + (file.getInt(at + 4) & 0xFFFFFF), 1 + (file.getInt(at + 6) >>> 8), at);
    }

    private void pixels(int at, long length, boolean lossy) {
        if (length < 10 && lossy || length < 5) {
            throw bad("WebP file is damaged: its pixels are too short", "offset = " + at);
        }
        if (lossy) {
            boolean key = (file.get(at) & 1) == 0;
            if (!key || file.get(at + 3) != (byte) 0x9D || file.get(at + 4) != 1 || file.get(at + 5) != 0x2A) {
                throw bad("WebP file is damaged: its frame has no valid header", "offset = " + at);
            }
            requireSize(file.getShort(at + 6) & LARGEST_SIDE, file.getShort(at + 8) & LARGEST_SIDE, at);
        } else {
            int bits = file.getInt(at + 1);
            if (file.get(at) != LOSSLESS_MARK || bits >>> 29 != 0) {
                throw bad("WebP file is damaged: its frame has no valid header", "offset = " + at);
            }
            requireSize(1 + (bits & LARGEST_SIDE), 1 + (bits >>> 14 & LARGEST_SIDE), at);
        }
    }

    private void requireSize(int chunkWidth, int chunkHeight, int at) {
        if (width != 0 && (width != chunkWidth || height != chunkHeight)) {
            throw bad("WebP file is damaged: it has two sizes", "offset = " + at);
        }
        width = chunkWidth;
        height = chunkHeight;
    }

    /** Some writers put the marker of JPEG files before the data. */
    private void exif(int from, int to) {
        boolean marked = to - from > 6 && file.getInt(from) == EXIF_MARK && file.getShort(from + 4) == 0;
        orientation = Orientation.ofTiff(file.array(), marked ? from + 6 : from, to);
    }

    private LockstepException bad(String what, String detail) {
        return ImageHeader.bad(what, name, detail);
    }
}
