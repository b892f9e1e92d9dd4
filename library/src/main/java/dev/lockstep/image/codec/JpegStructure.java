package dev.lockstep.image.codec;

import dev.lockstep.errors.LockstepException;

/**
 * The markers of a JPEG file (ITU-T T.81, annex B): finds the frame's size, and whether the file ends with its end marker.
 * A decoder fills what is missing with grey and says nothing; a truncated file must be noticed before.
 */
final class JpegStructure {
    private static final int START_OF_SCAN = 0xDA;
    private static final int RESTART_INTERVAL = 0xDD;
    /** Bytes of the marker that ends a file. */
    static final int END_LENGTH = 2;

    private static final int END_OF_IMAGE = 0xD9;
    /** Of a frame segment, up to the number of components. */
    private static final int FRAME_LENGTH = 8;

    private final byte[] bytes;
    private final String name;
    private int at = 2;

    private JpegStructure(byte[] bytes, String name) {
        this.bytes = bytes;
        this.name = name;
    }

    static boolean matches(byte[] bytes) {
        return bytes.length >= 3
                && unsigned(bytes[0]) == 0xFF
                && unsigned(bytes[1]) == 0xD8
                && unsigned(bytes[2]) == 0xFF;
    }

    static ImageHeader read(byte[] bytes, String name) {
        JpegStructure structure = new JpegStructure(bytes, name);
        ImageHeader header = structure.frame();
        structure.requireEnd();
        return header;
    }

    /**
     * Where the frame's height is stored, when a decoder may be told a smaller one and then gives the same pixels, down
     * to there, without decoding more: one scan of all components, coded sequentially by Huffman, without restart markers,
     * and the end marker last, to be left out: it is the only marker that a decoder could still find. Otherwise -1.
     *
     * @param bytes of a file that {@link #read} accepts
     */
    static int adjustableHeight(byte[] bytes) {
        JpegStructure structure = new JpegStructure(bytes, "");
        try {
            return structure.endsWithEnd() ? structure.heightOfOneSequentialScan() : -1;
        } catch (LockstepException e) {
            return -1; // Damage between the frame and the scan: the decoder says what it makes of it.
        }
    }

    private int heightOfOneSequentialScan() {
        int height = -1;
        int components = 0;
        while (true) {
            int marker = nextMarker();
            int length = segmentLength();
            if (marker == RESTART_INTERVAL || isFrame(marker) && marker > 0xC1) {
                return -1;
            }
            if (isFrame(marker)) {
                if (length < FRAME_LENGTH) {
                    return -1;
                }
                height = at + 3;
                components = unsigned(bytes[at + 7]);
            } else if (marker == START_OF_SCAN) {
                return length > 2 && unsigned(bytes[at + 2]) == components ? height : -1;
            }
            at += length;
        }
    }

    private ImageHeader frame() {
        while (true) {
            int marker = nextMarker();
            int length = segmentLength();
            if (isFrame(marker)) {
                return frame(length);
            }
            if (marker == START_OF_SCAN || marker == END_OF_IMAGE) {
                throw ImageHeader.bad("JPEG file has no frame header", name, "offset = " + at);
            }
            at += length;
        }
    }

    private ImageHeader frame(int length) {
        if (length < FRAME_LENGTH) {
            throw ImageHeader.bad("JPEG frame header is damaged", name, "offset = " + at);
        }
        int precision = unsigned(bytes[at + 2]);
        int height = number(at + 3);
        int width = number(at + 5);
        int components = unsigned(bytes[at + 7]);
        if (precision != 8 || components != 1 && components != 3 && components != 4) {
            throw ImageHeader.bad(
                    "JPEG file is of a kind that cannot be decoded",
                    name,
                    "bits = " + precision + ", components = " + components);
        }
        at += length;
        return new ImageHeader(ImageHeader.Format.JPEG, width, height);
    }

    /** SOF0 to SOF15 but for DHT, JPG and DAC, which lie between them. */
    private static boolean isFrame(int marker) {
        return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    }

    private void requireEnd() {
        if (endsWithEnd()) {
            return;
        }
        for (int marker = nextMarker(); marker != END_OF_IMAGE; marker = nextMarker()) {
            at += segmentLength();
            if (marker == START_OF_SCAN) {
                skipEntropyCoded();
            }
        }
    }

    private boolean endsWithEnd() {
        int end = bytes.length - END_LENGTH;
        return end >= at && unsigned(bytes[end]) == 0xFF && unsigned(bytes[end + 1]) == END_OF_IMAGE;
    }

    /** Inside coded data 0xFF is followed by zero (a stuffed byte) or by a restart marker; all else ends it. */
    private void skipEntropyCoded() {
        while (at + 1 < bytes.length) {
            int next = unsigned(bytes[at + 1]);
            if (unsigned(bytes[at]) == 0xFF && next != 0 && next != 0xFF && (next < 0xD0 || next > 0xD7)) {
                return;
            }
            at++;
        }
        throw truncated();
    }

    /** The code of the marker at this place, which may be preceded by fill bytes. */
    private int nextMarker() {
        if (at + 1 >= bytes.length) {
            throw truncated();
        }
        if (unsigned(bytes[at]) != 0xFF) {
            throw ImageHeader.bad("JPEG file is damaged: no marker where one must be", name, "offset = " + at);
        }
        while (at < bytes.length && unsigned(bytes[at]) == 0xFF) {
            at++;
        }
        if (at == bytes.length) {
            throw truncated();
        }
        return unsigned(bytes[at++]);
    }

    /** The length of the segment that starts here, itself included; the whole segment is there. */
    private int segmentLength() {
        if (at + 2 > bytes.length) {
            throw truncated();
        }
        int length = number(at);
        if (length < 2) {
            throw ImageHeader.bad("JPEG segment is damaged", name, "offset = " + at + ", length = " + length);
        }
        if (at + length > bytes.length) {
            throw truncated();
        }
        return length;
    }

    private LockstepException truncated() {
        return ImageHeader.bad("JPEG file is truncated", name, "bytes = " + bytes.length);
    }

    private int number(int offset) {
        return unsigned(bytes[offset]) << 8 | unsigned(bytes[offset + 1]);
    }

    private static int unsigned(byte value) {
        return value & 0xFF;
    }
}
