package dev.lockstep.image.codec;

import dev.lockstep.errors.LockstepException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Parses a whole PNG file as a decoder does, but without producing pixels, and finds what libpng would report. Libpng
 * prints errors and warnings to the terminal without the file's name.
 */
final class PngExamination {
    private static final int HEADER = 0x49484452;
    private static final int PALETTE = 0x504C5445;
    private static final int DATA = 0x49444154;
    private static final int END = 0x49454E44;
    private static final int SIGNATURE_LENGTH = 8;
    /** Bytes of a chunk's length, type and checksum. */
    private static final int FRAMING = 12;

    private static final int LARGEST_FILTER = 4;
    /** The Adam7 passes: first column, first row, column step, row step. */
    private static final int[][] PASSES = {
        {0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}
    };

    private static final int[][] ONE_PASS = {{0, 0, 1, 1}};

    private final ByteBuffer file;
    private final String name;
    private final Inflater inflater = new Inflater();
    /** The offset of the next chunk. */
    private int at = SIGNATURE_LENGTH;

    private PngExamination(byte[] bytes, String name) {
        this.file = ByteBuffer.wrap(bytes);
        this.name = name;
    }

    /**
     * Checks that the whole file can be decoded.
     *
     * @param bytes a file whose header was accepted
     * @throws LockstepException of kind DATA when a decoder could not decode all of it
     */
    static void require(byte[] bytes, String name) {
        PngExamination examination = new PngExamination(bytes, name);
        try {
            examination.require();
        } catch (DataFormatException e) {
            throw examination.damaged("compressed data is damaged");
        } finally {
            examination.inflater.end();
        }
    }

    /**
     * Returns the file without chunks that do not affect the decoded pixels, which libpng may complain about; the same
     * array if it has none.
     */
    static byte[] essential(byte[] bytes) {
        Set<Integer> kept = Set.of(HEADER, PALETTE, DATA, END);
        ByteBuffer file = ByteBuffer.wrap(bytes);
        ByteArrayOutputStream essential = new ByteArrayOutputStream(bytes.length);
        essential.write(bytes, 0, SIGNATURE_LENGTH);
        for (int at = SIGNATURE_LENGTH, type = 0; type != END; ) {
            int length = FRAMING + file.getInt(at);
            type = file.getInt(at + 4);
            if (kept.contains(type)) {
                essential.write(bytes, at, length);
            }
            at += length;
        }
        return essential.size() == bytes.length ? bytes : essential.toByteArray();
    }

    private void require() throws DataFormatException {
        int width = file.getInt(at + 8);
        int height = file.getInt(at + 12);
        int depth = file.get(at + 16);
        int color = file.get(at + 17);
        int interlaced = file.get(at + 20);
        if (!isKind(depth, color) || file.get(at + 18) != 0 || file.get(at + 19) != 0 || (interlaced & ~1) != 0) {
            throw ImageHeader.bad("unsupported kind of PNG file", name, "bits = " + depth + ", color type = " + color);
        }
        boolean palette = findData();
        if (color == 3 && !palette) {
            throw damaged("missing palette before the pixels");
        }
        int bits = depth * new int[] {1, 0, 3, 1, 2, 0, 4}[color];
        for (int[] pass : interlaced == 1 ? PASSES : ONE_PASS) {
            long columns = Math.max(0, (width - pass[0] + pass[2] - 1) / pass[2]);
            int rows = columns == 0 ? 0 : Math.max(0, (height - pass[1] + pass[3] - 1) / pass[3]);
            rows(rows, (int) ((columns * bits + 7) / 8));
        }
        requireEnd();
    }

    private static boolean isKind(int depth, int color) {
        return switch (color) {
            case 0 -> depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
            case 3 -> depth == 1 || depth == 2 || depth == 4 || depth == 8;
            case 2, 4, 6 -> depth == 8 || depth == 16;
            default -> false;
        };
    }

    /** Moves to the first pixel chunk. Returns whether a palette precedes it. */
    private boolean findData() {
        boolean palette = false;
        for (int type = type(); type != DATA; type = type()) {
            requireKnown(type);
            if (type == END) {
                throw damaged("no pixels");
            }
            palette |= type == PALETTE && file.getInt(at) % 3 == 0 && file.getInt(at) > 0 && file.getInt(at) <= 768;
            at += FRAMING + file.getInt(at);
        }
        return palette;
    }

    private int type() {
        return file.getInt(at + 4);
    }

    /** The names of critical chunks, which a decoder must know, start with a capital letter. */
    private void requireKnown(int type) {
        boolean critical = (type >>> 24 & 0x20) == 0;
        if (critical && type != HEADER && type != PALETTE && type != END) {
            throw damaged("unknown critical chunk, or pixel chunks that are not consecutive");
        }
    }

    private void rows(int count, int length) throws DataFormatException {
        byte[] row = new byte[1 + length];
        for (int y = 0; y < count; y++) {
            for (int filled = 0; filled < row.length; ) {
                int more = inflater.inflate(row, filled, row.length - filled);
                filled += more;
                if (more == 0 && (inflater.finished() || inflater.needsDictionary() || !nextData())) {
                    throw damaged("pixels end early");
                }
            }
            if ((row[0] & 0xFF) > LARGEST_FILTER) {
                throw damaged("a row has an unknown filter");
            }
        }
    }

    /** Passes the next pixel chunk to the inflater; false when there is none. */
    private boolean nextData() {
        if (!inflater.needsInput()) {
            return true;
        }
        if (type() != DATA) {
            return false;
        }
        inflater.setInput(file.array(), at + 8, file.getInt(at));
        at += FRAMING + file.getInt(at);
        return true;
    }

    /** Checks that all data is decompressed with the right checksum, and that no pixels follow. */
    private void requireEnd() throws DataFormatException {
        byte[] more = new byte[1];
        while (!inflater.finished()) {
            if (inflater.inflate(more) > 0) {
                throw damaged("more pixel data than its size requires");
            }
            if (!inflater.finished() && !nextData()) {
                throw damaged("compressed data ends early");
            }
        }
        if (inflater.getRemaining() > 0) {
            throw damaged("more pixel data than its size requires");
        }
        for (int type = type(); type != END; type = type()) {
            if (type != DATA || file.getInt(at) > 0) {
                requireKnown(type);
            }
            at += FRAMING + file.getInt(at);
        }
    }

    private LockstepException damaged(String what) {
        return ImageHeader.bad("PNG file is damaged: " + what, name, "bytes = " + file.capacity());
    }
}
