package dev.lockstep.image.codec;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Parses a whole JPEG file as a decoder does, but without producing pixels, and finds everything that libjpeg would
 * warn about, and a little more. Libjpeg prints its warnings to the terminal without the file's name, and fills what it
 * cannot decode with gray.
 */
final class JpegExamination {
    /** A file with many thousands of scans keeps a decoder busy for hours; progressive files have about ten. */
    private static final int MOST_SCANS = 100;

    private static final int HUFFMAN_TABLES = 0xC4;
    private static final int PROGRESSIVE = 0xC2;
    private static final int JFIF = 0xE0;
    private static final int ADOBE = 0xEE;
    private static final int[] NONE = new int[64];

    static {
        Arrays.fill(NONE, -1);
    }

    /** A component of the frame. */
    private static final class Component {
        final int id;
        final int across;
        final int down;
        final JpegScan.Coefficients known = new JpegScan.Coefficients();
        /** For each coefficient, the lowest bit coded by a scan so far; -1 for none. */
        final int[] lowest = NONE.clone();

        Component(int id, int sampling) {
            this.id = id;
            this.across = sampling >> 4;
            this.down = sampling & 15;
        }
    }

    private final JpegSegments file;
    private final @Nullable HuffmanTable[] constants = new HuffmanTable[4];
    private final @Nullable HuffmanTable[] others = new HuffmanTable[4];
    private final List<Component> components = new ArrayList<>();
    private boolean progressive;
    private int width;
    private int height;
    private int restart;
    private int scans;
    private boolean jfif;
    /** The color transform from Adobe's segment; -1 without that segment. */
    private int adobe = -1;

    private JpegExamination(JpegSegments file) {
        this.file = file;
    }

    /**
     * Returns the offset just after the end marker.
     *
     * @param bytes a file whose header was accepted
     * @throws dev.lockstep.errors.LockstepException of kind DATA when a decoder could not decode all of it
     */
    static int end(byte[] bytes, String name) {
        return new JpegExamination(new JpegSegments(bytes, name)).end();
    }

    private int end() {
        for (int marker = file.nextMarker(); marker != JpegSegments.END_OF_IMAGE; marker = file.nextMarker()) {
            int next = file.at() + file.segmentLength();
            if (JpegSegments.isFrame(marker)) {
                frame(marker, next);
            } else if (marker == HUFFMAN_TABLES) {
                tables(next);
            } else if (marker == JpegSegments.RESTART_INTERVAL) {
                require(next == file.at() + 4, "restart interval");
                restart = file.number(file.at() + 2);
            } else if (marker == JFIF || marker == ADOBE) {
                application(marker, next);
            } else if (marker == JpegSegments.START_OF_SCAN) {
                scan(next);
                continue;
            }
            file.moveTo(next);
        }
        for (Component component : components) {
            require(component.lowest[0] >= 0, "no scan for component " + component.id);
        }
        return file.at();
    }

    private void require(boolean holds, String what) {
        if (!holds) {
            throw file.damaged(what);
        }
    }

    private void frame(int marker, int end) {
        int at = file.at();
        require(components.isEmpty(), "two frame headers");
        if (marker > PROGRESSIVE) {
            throw file.bad("unsupported kind of JPEG file", String.format("coding = SOF%d", marker - 0xC0));
        }
        progressive = marker == PROGRESSIVE;
        height = file.number(at + 3);
        width = file.number(at + 5);
        int count = file.unsigned(at + 7);
        require(end == at + JpegSegments.FRAME_LENGTH + 3 * count, "frame header");
        for (int i = 0; i < count; i++) {
            Component component = new Component(file.unsigned(at + 8 + 3 * i), file.unsigned(at + 9 + 3 * i));
            require(isSampling(component.across) && isSampling(component.down), "sampling factor");
            components.add(component);
        }
        requireColors();
    }

    private static boolean isSampling(int factor) {
        return factor >= 1 && factor <= 4;
    }

    /** Rejects versions and codes that libjpeg does not know. */
    private void application(int marker, int end) {
        int at = file.at() + 2;
        if (marker == JFIF && end - at >= 14 && startsWith(at, "JFIF\0")) {
            require(file.unsigned(at + 5) == 1, "JFIF version " + file.unsigned(at + 5));
            jfif = true;
        } else if (marker == ADOBE && end - at >= 12 && startsWith(at, "Adobe")) {
            adobe = file.unsigned(at + 11);
        }
        requireColors();
    }

    private void requireColors() {
        boolean known = adobe <= 0
                || switch (components.size()) {
                    case 3 -> jfif || adobe == 1;
                    case 4 -> adobe == 2;
                    default -> true;
                };
        require(known, "Adobe color transform " + adobe);
    }

    private boolean startsWith(int at, String text) {
        for (int i = 0; i < text.length(); i++) {
            if (file.unsigned(at + i) != text.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private void tables(int end) {
        int at = file.at() + 2;
        while (at < end) {
            require(end - at >= 17, "Huffman table");
            int kind = file.unsigned(at) >> 4;
            int place = file.unsigned(at) & 15;
            int[] counts = new int[16];
            int size = 0;
            for (int i = 0; i < 16; i++) {
                counts[i] = file.unsigned(at + 1 + i);
                size += counts[i];
            }
            require(kind <= 1 && place <= 3 && size <= 256 && size <= end - at - 17, "Huffman table");
            byte[] values = Arrays.copyOfRange(file.bytes, at + 17, at + 17 + size);
            HuffmanTable table = HuffmanTable.of(counts, values);
            require(table != null && (kind == 1 || table.holdsSizes()), "Huffman table");
            (kind == 0 ? constants : others)[place] = table;
            at += 17 + size;
        }
    }

    private void scan(int end) {
        int at = file.at();
        int count = file.unsigned(at + 2);
        require(end - at == 6 + 2 * count && count >= 1 && count <= components.size(), "scan header");
        if (++scans > MOST_SCANS) {
            throw file.bad("JPEG file has too many scans", "limit = " + MOST_SCANS);
        }
        int first = file.unsigned(end - 3);
        int last = file.unsigned(end - 2);
        int high = file.unsigned(end - 1) >> 4;
        int low = file.unsigned(end - 1) & 15;
        require(last < 64 && first <= last && low <= 13, "scan header");
        require(
                progressive
                        ? (high == 0 || low == high - 1) && (first == 0 ? last == 0 : count == 1)
                        : first == 0 && last == 63 && high == 0 && low == 0,
                "scan header");
        List<JpegScan.Part> parts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Component component = component(file.unsigned(at + 3 + 2 * i));
            int tables = file.unsigned(at + 4 + 2 * i);
            mark(component, first, last, high, low);
            parts.add(part(component, count == 1, tables, first == 0 && high == 0, last > 0));
        }
        int blocks = parts.stream().mapToInt(JpegScan.Part::blocks).sum();
        require(count == 1 || blocks <= 10, "more than ten blocks in one MCU");
        file.moveTo(end);
        new JpegScan(
                        file,
                        parts,
                        units(parts.size() == 1 ? component(file.unsigned(at + 3)) : null),
                        restart,
                        progressive,
                        first,
                        last,
                        high > 0)
                .read();
    }

    private Component component(int id) {
        return components.stream()
                .filter(component -> component.id == id)
                .findFirst()
                .orElseThrow(() -> file.damaged("scan of an unknown component"));
    }

    /** Coefficients must be coded from their high bits down, and DC before AC. */
    private void mark(Component component, int first, int last, int high, int low) {
        require(first == 0 || component.lowest[0] >= 0, "a scan out of order");
        for (int i = first; i <= last; i++) {
            require(Math.max(0, component.lowest[i]) == high, "a scan out of order");
            component.lowest[i] = low;
        }
    }

    private JpegScan.Part part(
            Component component, boolean alone, int tables, boolean needsConstants, boolean needsOthers) {
        int blocks = alone ? 1 : component.across * component.down;
        HuffmanTable constant = needsConstants ? table(constants, tables >> 4, false) : HuffmanTable.NONE;
        HuffmanTable other = needsOthers ? table(others, tables & 15, true) : HuffmanTable.NONE;
        return new JpegScan.Part(blocks, constant, other, component.known);
    }

    /** Motion JPEG files omit the tables suggested by the standard. */
    private HuffmanTable table(@Nullable HuffmanTable[] tables, int place, boolean other) {
        require(place <= 3, "scan header");
        HuffmanTable table = tables[place];
        if (table == null) {
            require(place <= 1, "no Huffman table");
            table = HuffmanTable.standard(other, place);
            tables[place] = table;
        }
        return table;
    }

    /**
     * The number of MCUs (minimum coded units: groups of blocks) in a scan.
     *
     * @param alone the component, if the scan has only one; then an MCU is one block
     */
    private long units(@Nullable Component alone) {
        int most = components.stream()
                .mapToInt(component -> component.across)
                .max()
                .orElseThrow();
        int tall =
                components.stream().mapToInt(component -> component.down).max().orElseThrow();
        if (alone == null) {
            return (long) ceil(width, 8L * most) * ceil(height, 8L * tall);
        }
        return (long) ceil(ceil((long) width * alone.across, most), 8)
                * ceil(ceil((long) height * alone.down, tall), 8);
    }

    private static int ceil(long number, long divisor) {
        return (int) ((number + divisor - 1) / divisor);
    }
}
