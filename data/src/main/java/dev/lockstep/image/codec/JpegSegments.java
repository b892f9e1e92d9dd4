package dev.lockstep.image.codec;

import dev.lockstep.errors.LockstepException;

/** A cursor that moves from marker to marker in a JPEG file (ITU-T T.81, annex B). */
final class JpegSegments {
    static final int START_OF_SCAN = 0xDA;
    static final int END_OF_IMAGE = 0xD9;
    static final int RESTART_INTERVAL = 0xDD;
    /** The length of a frame segment up to and including the number of components. */
    static final int FRAME_LENGTH = 8;

    final byte[] bytes;
    private final String name;
    private int at = 2;

    /** @param name the image, for messages */
    JpegSegments(byte[] bytes, String name) {
        this.bytes = bytes;
        this.name = name;
    }

    int at() {
        return at;
    }

    void moveTo(int offset) {
        at = offset;
    }

    /** Reads the marker at the cursor, skipping fill bytes, and moves past it. */
    int nextMarker() {
        if (at + 1 >= bytes.length) {
            throw truncated();
        }
        if (unsigned(at) != 0xFF) {
            throw damaged("missing marker");
        }
        while (at < bytes.length && unsigned(at) == 0xFF) {
            at++;
        }
        if (at == bytes.length) {
            throw truncated();
        }
        return unsigned(at++);
    }

    /** The length of the segment at the cursor, including the length field. Checks that the whole segment exists. */
    int segmentLength() {
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

    /** SOF0 to SOF15, except DHT, JPG and DAC, whose codes lie between them. */
    static boolean isFrame(int marker) {
        return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    }

    int number(int offset) {
        return unsigned(offset) << 8 | unsigned(offset + 1);
    }

    int unsigned(int offset) {
        return bytes[offset] & 0xFF;
    }

    LockstepException truncated() {
        return bad("JPEG file is truncated", "bytes = " + bytes.length);
    }

    LockstepException damaged(String what) {
        return bad("JPEG file is damaged: " + what, "offset = " + at);
    }

    LockstepException bad(String what, String detail) {
        return ImageHeader.bad(what, name, detail);
    }
}
