package dev.lockstep.image.codec;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import javax.imageio.plugins.jpeg.JPEGHuffmanTable;
import org.jspecify.annotations.Nullable;

/** A Huffman code of a JPEG file (ITU-T T.81, annex C): from the next bits to a symbol and the length of its code. */
final class HuffmanTable {
    /** Codes up to this length are found by one look at a table. */
    static final int QUICK_BITS = 10;

    /** In a step: the block ends. */
    static final int END_OF_BLOCK = 1 << 16;

    private static final int LONGEST = 16;

    /** Has no code: for what a scan does not need. */
    static final HuffmanTable NONE = new HuffmanTable(new int[LONGEST], new byte[0]);

    /** Symbol × 256 + length of its code, by the next {@link #QUICK_BITS} bits; 0 where the code is longer. */
    private final int[] quick = new int[1 << QUICK_BITS];

    private final int[] counts;
    private final byte[] values;
    /** The first code that is too large for each length, left-aligned in 16 bits. */
    private final int[] limit = new int[LONGEST + 1];
    /** What leads from a code of each length to its place among the values. */
    private final int[] offset = new int[LONGEST + 1];

    private volatile int @Nullable [] steps;

    private HuffmanTable(int[] counts, byte[] values) {
        this.counts = counts;
        this.values = values;
    }

    /** The tables that the standard proposes, and that most files have: made once. */
    private static final class Standard {
        static final List<HuffmanTable> CONSTANTS =
                List.of(made(JPEGHuffmanTable.StdDCLuminance), made(JPEGHuffmanTable.StdDCChrominance));
        static final List<HuffmanTable> OTHERS =
                List.of(made(JPEGHuffmanTable.StdACLuminance), made(JPEGHuffmanTable.StdACChrominance));

        private static HuffmanTable made(JPEGHuffmanTable table) {
            int[] counts = new int[LONGEST];
            for (int i = 0; i < table.getLengths().length; i++) {
                counts[i] = table.getLengths()[i];
            }
            byte[] values = new byte[table.getValues().length];
            for (int i = 0; i < values.length; i++) {
                values[i] = (byte) table.getValues()[i];
            }
            return Objects.requireNonNull(make(counts, values));
        }
    }

    /**
     * What the standard proposes.
     *
     * @param others for all but the constant coefficients
     * @param place 0: for brightness, 1: for color
     */
    static HuffmanTable standard(boolean others, int place) {
        return (others ? Standard.OTHERS : Standard.CONSTANTS).get(place);
    }

    /**
     * @param counts how many codes there are of each length, from 1 to 16
     * @param values the symbols in the order of their codes
     * @return null when the lengths make no code
     */
    static @Nullable HuffmanTable of(int[] counts, byte[] values) {
        for (HuffmanTable table : Standard.OTHERS) {
            if (Arrays.equals(counts, table.counts) && Arrays.equals(values, table.values)) {
                return table;
            }
        }
        return make(counts, values);
    }

    private static @Nullable HuffmanTable make(int[] counts, byte[] values) {
        HuffmanTable table = new HuffmanTable(counts, values);
        int code = 0;
        int index = 0;
        for (int length = 1; length <= LONGEST; length++) {
            table.offset[length] = index - code;
            for (int i = 0; i < counts[length - 1]; i++, code++, index++) {
                if (code >= 1 << length) {
                    return null;
                }
                table.fill(code, length, values[index] & 0xFF);
            }
            table.limit[length] = code << LONGEST - length;
            code <<= 1;
        }
        return table;
    }

    private void fill(int code, int length, int symbol) {
        if (length <= QUICK_BITS) {
            int from = code << QUICK_BITS - length;
            Arrays.fill(quick, from, from + (1 << QUICK_BITS - length), symbol << 8 | length);
        }
    }

    /**
     * How a symbol of a sequential block moves: bits of its code and of the value behind it + coefficients × 256, and
     * {@link #END_OF_BLOCK}.
     *
     * @param entry symbol and length, as {@link #find} gives them
     */
    static int step(int entry) {
        int run = entry >> 12;
        int size = entry >> 8 & 15;
        int bits = (entry & 0xFF) + size;
        return size > 0 ? run + 1 << 8 | bits : run == 15 ? 16 << 8 | bits : END_OF_BLOCK | bits;
    }

    /** Steps by the next {@link #QUICK_BITS} bits, each over all symbols that these hold; 0 where a code is longer. */
    int[] steps() {
        int[] known = steps;
        if (known == null) {
            known = new int[quick.length];
            for (int bits = 0; bits < known.length; bits++) {
                known[bits] = steps(bits);
            }
            steps = known;
        }
        return known;
    }

    private int steps(int bits) {
        int sum = quick[bits] == 0 ? 0 : step(quick[bits]);
        while (sum != 0 && sum < END_OF_BLOCK && (sum & 0xFF) < QUICK_BITS) {
            int entry = quick[bits << (sum & 0xFF) & quick.length - 1];
            int next = sum + step(entry);
            if (entry == 0 || (next & 0xFF) > QUICK_BITS) {
                break;
            }
            sum = next;
        }
        return sum;
    }

    /**
     * @param next the next 16 bits
     * @return symbol × 256 + length; 0 when no code starts so
     */
    int find(int next) {
        int entry = quick[next >> LONGEST - QUICK_BITS];
        return entry != 0 ? entry : findLong(next);
    }

    private int findLong(int next) {
        for (int length = QUICK_BITS + 1; length <= LONGEST; length++) {
            if (next < limit[length]) {
                int symbol = values[(next >> LONGEST - length) + offset[length]] & 0xFF;
                return symbol << 8 | length;
            }
        }
        return 0;
    }

    /** Whether every symbol is the size of a number, as in a code for the constant coefficients. */
    boolean holdsSizes() {
        for (byte value : values) {
            if ((value & 0xFF) > 15) {
                return false;
            }
        }
        return true;
    }
}
