package dev.lockstep.image.codec;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import javax.imageio.plugins.jpeg.JPEGHuffmanTable;
import org.jspecify.annotations.Nullable;

/** A Huffman code of a JPEG file (ITU-T T.81, annex C). Maps the next bits to a symbol and the length of its code. */
final class HuffmanTable {
    /** Codes up to this length are found with one table lookup. */
    static final int QUICK_BITS = 10;

    /** Flag in a step: the block ends. */
    static final int END_OF_BLOCK = 1 << 16;

    private static final int LONGEST = 16;

    /** A table without codes, for tables that a scan does not need. */
    static final HuffmanTable NONE = new HuffmanTable(new int[LONGEST], new byte[0]);

    /** Symbol × 256 + length of its code, by the next {@link #QUICK_BITS} bits; 0 where the code is longer. */
    private final int[] quick = new int[1 << QUICK_BITS];

    private final int[] counts;
    private final byte[] values;
    /** The first code that is too large for each length, left-aligned in 16 bits. */
    private final int[] limit = new int[LONGEST + 1];
    /** For each length, the offset from a code to its index among the values. */
    private final int[] offset = new int[LONGEST + 1];

    private volatile int @Nullable [] steps;

    private HuffmanTable(int[] counts, byte[] values) {
        this.counts = counts;
        this.values = values;
    }

    /** The tables suggested by the standard, which most files use, built once. */
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
     * Returns a table suggested by the standard.
     *
     * @param others true for the AC coefficients, false for DC
     * @param place 0 for luminance, 1 for chrominance
     */
    static HuffmanTable standard(boolean others, int place) {
        return (others ? Standard.OTHERS : Standard.CONSTANTS).get(place);
    }

    /**
     * Builds a table.
     *
     * @param counts the number of codes of each length, from 1 to 16
     * @param values the symbols in the order of their codes
     * @return null when the lengths do not form a valid code
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
     * How far a symbol of a sequential block advances: bits (its code and the value that follows it) + coefficients ×
     * 256, plus {@link #END_OF_BLOCK} if it ends the block.
     *
     * @param entry symbol and length, as returned by {@link #find}
     */
    static int step(int entry) {
        int run = entry >> 12;
        int size = entry >> 8 & 15;
        int bits = (entry & 0xFF) + size;
        return size > 0 ? run + 1 << 8 | bits : run == 15 ? 16 << 8 | bits : END_OF_BLOCK | bits;
    }

    /**
     * Steps by the next {@link #QUICK_BITS} bits, each covering all symbols contained in those bits; 0 when the first
     * code is longer.
     */
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
     * @return symbol × 256 + length; 0 when no code starts with these bits
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

    /** Whether every symbol is a number's size in bits, as a code for DC coefficients requires. */
    boolean holdsSizes() {
        for (byte value : values) {
            if ((value & 0xFF) > 15) {
                return false;
            }
        }
        return true;
    }
}
