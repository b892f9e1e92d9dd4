package dev.lockstep.image.format;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * An array of bytes in MNIST's IDX format: two zero bytes, the element type (8 for unsigned bytes), the number of
 * dimensions, each dimension as a big-endian 32-bit integer, then the values.
 */
record IdxArray(int[] dimensions, byte[] values) {
    private static final int UNSIGNED_BYTES = 8;
    private static final String FIX = "fetch the file again";

    /**
     * Reads exactly one array. Missing or additional bytes are an error.
     *
     * @param file the name of the source, for messages
     * @param rank the required number of dimensions
     */
    static IdxArray read(InputStream in, String file, int rank) throws IOException {
        int magic = number(in, file);
        int expected = UNSIGNED_BYTES << 8 | rank;
        if (magic != expected) {
            throw LockstepException.data(
                    "not an IDX file of unsigned bytes with rank = " + rank,
                    "file = " + file + ", magic = " + hex(magic) + ", expected = " + hex(expected),
                    "use the dataset's original file");
        }
        int[] dimensions = new int[rank];
        for (int i = 0; i < rank; i++) {
            dimensions[i] = number(in, file);
        }
        int size = size(dimensions, file);
        byte[] values = in.readNBytes(size);
        if (values.length < size) {
            throw LockstepException.data(
                    "IDX file is truncated", "file = " + file + ", values = " + values.length + " of " + size, FIX);
        }
        if (in.read() >= 0) {
            throw LockstepException.data(
                    "IDX file has bytes after its last value", "file = " + file + ", values = " + size, FIX);
        }
        return new IdxArray(dimensions, values);
    }

    private static int number(InputStream in, String file) throws IOException {
        byte[] bytes = in.readNBytes(Integer.BYTES);
        if (bytes.length < Integer.BYTES) {
            throw LockstepException.data("IDX file is truncated", "file = " + file + ", in its header", FIX);
        }
        return ByteBuffer.wrap(bytes).getInt();
    }

    private static int size(int[] dimensions, String file) {
        long size = 1;
        for (int dimension : dimensions) {
            size *= dimension;
            if (dimension <= 0 || size > ContentFile.MOST_BYTES) {
                throw LockstepException.data(
                        "IDX dimensions are invalid",
                        "file = " + file + ", dimensions = " + Arrays.toString(dimensions),
                        "all must be positive, and their product at most " + ContentFile.MOST_BYTES);
            }
        }
        return (int) size;
    }

    private static String hex(int magic) {
        return String.format("0x%08X", magic);
    }
}
