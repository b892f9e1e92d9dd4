package dev.lockstep.image.codec;

import dev.lockstep.errors.LockstepException;

/**
 * The outline of a JPEG file: the frame's size, and whether the file ends with an end marker. A truncated file must be
 * detected before decoding, because a decoder silently fills the missing part with gray.
 */
final class JpegStructure {
    /** The length of the end marker in bytes. */
    static final int END_LENGTH = 2;

    private static final int APPLICATION_1 = 0xE1;
    /** The offset of the TIFF structure in a segment with EXIF data, from its length on. */
    private static final int EXIF_TIFF = 8;

    private static final int APPLICATION_2 = 0xE2;
    /** "MPF", the start of the index in a file with several images. */
    private static final int MULTI_PICTURE = 0x4D5046;

    private final JpegSegments file;
    private int orientation = Orientation.AS_STORED;

    private JpegStructure(JpegSegments file) {
        this.file = file;
    }

    static boolean matches(byte[] bytes) {
        return bytes.length >= 3 && (bytes[0] & 0xFF) == 0xFF && (bytes[1] & 0xFF) == 0xD8 && (bytes[2] & 0xFF) == 0xFF;
    }

    static ImageHeader read(byte[] bytes, String name) {
        JpegStructure structure = new JpegStructure(new JpegSegments(bytes, name));
        ImageHeader header = structure.frame();
        structure.requireEnd();
        return header;
    }

    /**
     * The offset of the frame's height, if that height can be reduced in a copy so that a decoder returns the same
     * pixels down to the new height and decodes no more. This holds for a single sequential Huffman-coded scan of all
     * components without restart markers, with the end marker last in the file. The caller must drop that marker: it is
     * the only one that the decoder could still reach. Otherwise -1.
     *
     * @param bytes a file that {@link #read} accepts
     */
    static int adjustableHeight(byte[] bytes) {
        JpegStructure structure = new JpegStructure(new JpegSegments(bytes, ""));
        try {
            return structure.endsWithEnd() ? structure.heightOfOneSequentialScan() : -1;
        } catch (LockstepException e) {
            return -1; // Leave damage between the frame and the scan to the decoder.
        }
    }

    private int heightOfOneSequentialScan() {
        int height = -1;
        int components = 0;
        while (true) {
            int marker = file.nextMarker();
            int length = file.segmentLength();
            int at = file.at();
            if (marker == JpegSegments.RESTART_INTERVAL
                    || JpegSegments.isFrame(marker) && marker > 0xC1
                    || isMultiPicture(marker, length)) {
                return -1;
            }
            if (JpegSegments.isFrame(marker)) {
                if (length < JpegSegments.FRAME_LENGTH) {
                    return -1;
                }
                height = at + 3;
                components = file.unsigned(at + 7);
            } else if (marker == JpegSegments.START_OF_SCAN) {
                return length > 2 && file.unsigned(at + 2) == components ? height : -1;
            }
            file.moveTo(at + length);
        }
    }

    /** In a multi-picture file the first image ends before the file does. */
    private boolean isMultiPicture(int marker, int length) {
        return marker == APPLICATION_2
                && length >= 6
                && (file.number(file.at() + 2) << 8 | file.unsigned(file.at() + 4)) == MULTI_PICTURE;
    }

    private ImageHeader frame() {
        while (true) {
            int marker = file.nextMarker();
            int length = file.segmentLength();
            if (JpegSegments.isFrame(marker)) {
                return frame(length);
            }
            if (marker == JpegSegments.START_OF_SCAN || marker == JpegSegments.END_OF_IMAGE) {
                throw file.bad("JPEG file has no frame header", "offset = " + file.at());
            }
            if (marker == APPLICATION_1 && isExif(length)) {
                orientation = Orientation.ofTiff(file.bytes, file.at() + EXIF_TIFF, file.at() + length);
            }
            file.moveTo(file.at() + length);
        }
    }

    /** "Exif" and two zeros before a TIFF structure. */
    private boolean isExif(int length) {
        int at = file.at() + 2;
        return length > EXIF_TIFF
                && file.number(at) == 0x4578
                && file.number(at + 2) == 0x6966
                && file.number(at + 4) == 0;
    }

    private ImageHeader frame(int length) {
        int at = file.at();
        if (length < JpegSegments.FRAME_LENGTH) {
            throw file.bad("JPEG frame header is damaged", "offset = " + at);
        }
        int precision = file.unsigned(at + 2);
        int components = file.unsigned(at + 7);
        if (precision != 8 || components != 1 && components != 3 && components != 4) {
            throw file.bad("unsupported kind of JPEG file", "bits = " + precision + ", components = " + components);
        }
        file.moveTo(at + length);
        return new ImageHeader(ImageHeader.Format.JPEG, file.number(at + 5), file.number(at + 3), orientation);
    }

    private void requireEnd() {
        if (endsWithEnd()) {
            return;
        }
        for (int marker = file.nextMarker(); marker != JpegSegments.END_OF_IMAGE; marker = file.nextMarker()) {
            file.moveTo(file.at() + file.segmentLength());
            if (marker == JpegSegments.START_OF_SCAN) {
                skipEntropyCoded();
            }
        }
    }

    private boolean endsWithEnd() {
        int end = file.bytes.length - END_LENGTH;
        return end >= file.at() && file.unsigned(end) == 0xFF && file.unsigned(end + 1) == JpegSegments.END_OF_IMAGE;
    }

    /**
     * In coded data 0xFF is followed by zero (a stuffed byte) or is part of a restart marker; anything else ends the
     * data.
     */
    private void skipEntropyCoded() {
        for (int at = file.at(); at + 1 < file.bytes.length; at++) {
            int next = file.unsigned(at + 1);
            if (file.unsigned(at) == 0xFF && next != 0 && next != 0xFF && (next < 0xD0 || next > 0xD7)) {
                file.moveTo(at);
                return;
            }
        }
        throw file.truncated();
    }
}
