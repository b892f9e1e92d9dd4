package dev.lockstep.image.codec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;

/**
 * EXIF orientation: the stored pixels of a photograph may have to be turned or mirrored for display. The eight values are
 * those of TIFF 6.0; a value that is not one of them counts as {@link #AS_STORED}, as in other readers.
 */
final class Orientation {
    static final int AS_STORED = 1;
    private static final int TAG = 0x0112;
    private static final int SHORT = 3;
    private static final int ENTRY_LENGTH = 12;
    private static final int TIFF_HEADER_LENGTH = 8;

    private Orientation() {}

    /** Adds EXIF data with nothing but the orientation, in a segment of its own after the first marker of a JPEG file. */
    static byte[] mark(byte[] jpeg, int orientation) {
        byte[] segment = HexFormat.of()
                .parseHex("ffe10022" + "457869660000" + "4d4d002a00000008" + "0001" + "0112000300000001000"
                        + orientation + "0000" + "00000000");
        byte[] marked = new byte[jpeg.length + segment.length];
        System.arraycopy(jpeg, 0, marked, 0, 2);
        System.arraycopy(segment, 0, marked, 2, segment.length);
        System.arraycopy(jpeg, 2, marked, 2 + segment.length, jpeg.length - 2);
        return marked;
    }

    /** Whether width and height change places. */
    static boolean swapsSides(int orientation) {
        return orientation >= 5;
    }

    /**
     * Reads the orientation from a TIFF structure, which is also that of EXIF data. Damage in it is no damage of the image,
     * so that it counts as none.
     *
     * @param from the offset of its byte order mark
     * @param to the offset after its end
     */
    static int ofTiff(byte[] bytes, int from, int to) {
        int length = to - from;
        if (length < TIFF_HEADER_LENGTH || bytes[from] != bytes[from + 1] || bytes[from] != 'I' && bytes[from] != 'M') {
            return AS_STORED;
        }
        ByteBuffer tiff = ByteBuffer.wrap(bytes, from, length)
                .slice()
                .order(bytes[from] == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        long directory = tiff.getInt(4) & 0xFFFFFFFFL;
        if (directory + 2 > length) {
            return AS_STORED;
        }
        int entries = tiff.getShort((int) directory) & 0xFFFF;
        for (int i = 0; i < entries; i++) {
            long at = directory + 2 + (long) i * ENTRY_LENGTH;
            if (at + ENTRY_LENGTH > length) {
                return AS_STORED;
            }
            if ((tiff.getShort((int) at) & 0xFFFF) == TAG) {
                int value = tiff.getShort((int) at + 2) == SHORT ? tiff.getShort((int) at + 8) : AS_STORED;
                return value >= 1 && value <= 8 ? value : AS_STORED;
            }
        }
        return AS_STORED;
    }
}
