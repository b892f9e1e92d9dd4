package dev.lockstep.image.codec;

import dev.lockstep.errors.LockstepException;
import java.util.List;

/**
 * One scan of a JPEG file, parsed symbol by symbol without computing coefficients (ITU-T T.81, annexes F and G), to
 * check that its coded data contains exactly its blocks.
 *
 * @param parts the components of the scan
 * @param units the number of MCUs (groups of blocks)
 * @param restart MCUs between two restart markers; 0 for no restart markers
 * @param first the first coefficient that the scan codes
 * @param last the last coefficient that the scan codes
 * @param refines whether it codes one more bit of coefficients that were coded before
 */
record JpegScan(
        JpegSegments file,
        List<Part> parts,
        long units,
        int restart,
        boolean progressive,
        int first,
        int last,
        boolean refines) {
    /** The number of coefficients in a block. */
    private static final int BLOCK = 64;

    /** A component in this scan: its blocks per MCU, their codes, and their coefficients coded so far. */
    record Part(int blocks, HuffmanTable constants, HuffmanTable others, Coefficients known) {}

    /** One bit for each coefficient of a component's blocks: whether it is nonzero. Grows as scans need it. */
    static final class Coefficients {
        private long[] blocks = {};

        private long[] ofBlocks(long count) {
            if (blocks.length < count) {
                blocks = new long[Math.toIntExact(count)];
            }
            return blocks;
        }
    }

    /** Reads the scan's data and moves to the marker that follows it. */
    void read() {
        new Reader(this).read();
    }

    /** The state of the parser. */
    private static final class Reader {
        private final JpegScan scan;
        private final JpegSegments file;
        private final Part[] parts;
        private final int[][] steps;
        private JpegBits bits;
        /** The remaining blocks of an end-of-band run, in which nothing new is coded. */
        private int emptyBlocks;

        Reader(JpegScan scan) {
            this.scan = scan;
            this.file = scan.file;
            this.bits = new JpegBits(file.bytes, file.at());
            this.parts = scan.parts.toArray(Part[]::new);
            this.steps = new int[parts.length][];
            for (int i = 0; i < parts.length && !scan.progressive; i++) {
                boolean same = i > 0 && parts[i].others == parts[i - 1].others;
                steps[i] = same ? steps[i - 1] : parts[i].others.steps();
            }
        }

        void read() {
            int untilRestart = scan.restart;
            int expected = 0;
            long[] known = scan.first > 0 ? scan.parts.get(0).known.ofBlocks(scan.units) : new long[0];
            for (long unit = 0; unit < scan.units; unit++) {
                if (scan.restart > 0 && untilRestart-- == 0) {
                    untilRestart = scan.restart - 1;
                    restart(expected);
                    expected = expected + 1 & 7;
                }
                if (scan.first > 0) {
                    known[(int) unit] = scan.refines ? refined(known[(int) unit]) : known[(int) unit] | others();
                } else {
                    unit();
                }
                if (bits.isShort()) {
                    throw damage("coded data ends early, MCU = " + unit + " of " + scan.units);
                }
            }
            end();
        }

        private void unit() {
            for (int part = 0; part < parts.length; part++) {
                for (int i = 0; i < parts[part].blocks; i++) {
                    if (!scan.progressive) {
                        block(parts[part], steps[part]);
                    } else if (scan.refines) {
                        bits.skip(1);
                    } else {
                        constant(parts[part].constants);
                    }
                }
            }
        }

        private void end() {
            int marker = bits.end();
            if (marker < 0) {
                throw damage("coded data continues after the last block");
            }
            file.moveTo(marker);
        }

        private void restart(int expected) {
            end();
            int found = file.nextMarker();
            if (found != 0xD0 + expected) {
                throw file.damaged(String.format("marker 0x%02X instead of restart %d", found, expected));
            }
            bits = new JpegBits(file.bytes, file.at());
            emptyBlocks = 0;
        }

        private void constant(HuffmanTable table) {
            int size = bits.symbol(table);
            if (size < 0) {
                throw noCode();
            }
            bits.skip(size);
        }

        /** Reads a sequential block. Most of the time is spent here. */
        private void block(Part part, int[] steps) {
            if (bits.count < 32) {
                bits.fill();
            }
            long buffer = bits.buffer;
            int constant = part.constants.find((int) (buffer >>> 48));
            if (constant == 0) {
                throw noCode();
            }
            int length = (constant & 0xFF) + (constant >> 8);
            buffer <<= length;
            int count = bits.count - length;
            int next = 1;
            while (next < BLOCK) {
                if (count < 32) {
                    bits.buffer = buffer;
                    bits.count = count;
                    bits.fill();
                    buffer = bits.buffer;
                    count = bits.count;
                }
                int step = steps[(int) (buffer >>> Long.SIZE - HuffmanTable.QUICK_BITS)];
                if (step == 0 || next + (step >> 8 & 0xFF) >= BLOCK) {
                    step = oneStep(part.others, buffer); // What follows the last coefficient belongs to the next block.
                }
                length = step & 0xFF;
                buffer <<= length;
                count -= length;
                next += step >> 8;
            }
            bits.buffer = buffer;
            bits.count = count;
            if (next > BLOCK && next < HuffmanTable.END_OF_BLOCK >> 8) {
                throw beyondBlock();
            }
        }

        private int oneStep(HuffmanTable table, long buffer) {
            int entry = table.find((int) (buffer >>> 48));
            if (entry == 0) {
                throw noCode();
            }
            return HuffmanTable.step(entry);
        }

        /** Reads a first-pass progressive block and returns its nonzero coefficients. */
        private long others() {
            if (emptyBlocks > 0) {
                emptyBlocks--;
                return 0;
            }
            long found = 0;
            for (int next = scan.first; next <= scan.last; next++) {
                int symbol = bits.symbol(scan.parts.get(0).others);
                int size = symbol & 15;
                if (symbol < 0) {
                    throw noCode();
                }
                if (size == 0 && symbol >> 4 < 15) {
                    emptyBlocks = run(symbol >> 4) - 1;
                    return found;
                }
                next += symbol >> 4;
                if (next > scan.last) {
                    throw beyondBlock();
                }
                bits.skip(size);
                found |= size > 0 ? 1L << next : 0;
            }
            return found;
        }

        /**
         * Reads a refinement pass: one more bit of the known coefficients, and the newly nonzero ones. Returns all
         * nonzero ones.
         */
        private long refined(long known) {
            long all = known;
            int next = scan.first;
            while (emptyBlocks == 0 && next <= scan.last) {
                int symbol = bits.symbol(scan.parts.get(0).others);
                int size = symbol & 15;
                if (symbol < 0 || size > 1) {
                    throw noCode();
                }
                if (size == 0 && symbol >> 4 < 15) {
                    emptyBlocks = run(symbol >> 4);
                    break;
                }
                bits.skip(size);
                next = skipZeros(known, next, symbol >> 4);
                if (next > scan.last) {
                    if (size > 0) {
                        throw beyondBlock();
                    }
                    return all;
                }
                all |= (long) size << next;
                next++;
            }
            if (emptyBlocks > 0) {
                emptyBlocks--;
                bits.skip(Long.bitCount(known & -1L << next & -1L >>> 63 - scan.last));
            }
            return all;
        }

        /**
         * Skips {@code zeros} zero coefficients, and one bit for each known coefficient among and directly after them.
         */
        private int skipZeros(long known, int from, int zeros) {
            int left = zeros;
            int next = from;
            for (; next <= scan.last; next++) {
                if ((known >>> next & 1) != 0) {
                    bits.skip(1);
                } else if (--left < 0) {
                    break;
                }
            }
            return next;
        }

        private int run(int size) {
            return (1 << size) + bits.take(size);
        }

        private LockstepException noCode() {
            return damage(bits.isShort() ? "coded data ends early" : "invalid Huffman code");
        }

        private LockstepException beyondBlock() {
            return damage("a coefficient lies outside its block");
        }

        private LockstepException damage(String what) {
            return file.bad("JPEG file is damaged: " + what, "bytes = " + file.bytes.length);
        }
    }
}
