package dev.lockstep.image.format;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarFile;
import org.jspecify.annotations.Nullable;

/**
 * An index of the samples in a WebDataset shard: a tar archive in which the members {@code key.jpg} (or jpeg, png) and
 * {@code key.cls} (a class number as text) of a sample are adjacent. The key ends at the first dot of the base name,
 * and everything after that dot is the extension, so {@code key.seg.png} is not the sample's image. The index is built
 * in one pass over the headers, without reading images.
 */
final class ShardIndex {
    private static final int BLOCK = 512;
    private static final int LONGEST_LABEL = 16;
    private static final String LAST_GOOD = ", last good member = ";
    private static final String NONE = "none";
    /** Tar programs pad an archive with zeros, by default to a multiple of 10 KiB and rarely to more than 1 MiB. */
    private static final int LONGEST_PADDING = 1 << 20;

    /**
     * An image in a shard.
     *
     * @param name the name of the member
     * @param offset the offset of its bytes in the archive
     */
    record Sample(String name, long offset, long size, int label) {}

    private final SeekableByteChannel shard;
    private final String file;
    private final List<Sample> samples = new ArrayList<>();
    private final Set<String> keys = new HashSet<>();

    private @Nullable TarArchiveEntry image;
    private @Nullable TarArchiveEntry label;
    private String key = "";

    private ShardIndex(SeekableByteChannel shard, String file) {
        this.shard = shard;
        this.file = file;
    }

    /**
     * @param file the name of the shard, for messages
     * @throws LockstepException of kind DATA, naming shard and member, when the archive is damaged or truncated, or a
     *     sample is incomplete
     */
    static List<Sample> read(SeekableByteChannel shard, String file) {
        ShardIndex index = new ShardIndex(shard, file);
        try (TarFile tar = new TarFile(new TarHeaders(shard))) {
            long end = 0;
            String last = NONE;
            for (TarArchiveEntry entry : tar.getEntries()) {
                end = Math.max(end, index.end(entry));
                last = entry.getName();
                if (!entry.isDirectory()) {
                    index.add(entry);
                }
            }
            index.requireEndMark(end, last);
            index.finishSample();
            index.requireSamples();
            return index.samples;
        } catch (LockstepException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            throw new LockstepException(
                    LockstepException.Kind.DATA,
                    "tar archive is damaged: " + e.getMessage(),
                    "shard = " + file + LAST_GOOD + lastGoodMember(shard),
                    "pack or fetch it again",
                    e);
        }
    }

    /** Reads from the start to the damage, and returns the last member before it. */
    private static String lastGoodMember(SeekableByteChannel shard) {
        String last = NONE;
        try {
            TarArchiveInputStream tar = new TarArchiveInputStream(Channels.newInputStream(shard.position(0)));
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                tar.transferTo(OutputStream.nullOutputStream());
                last = entry.getName();
            }
        } catch (IOException | RuntimeException e) {
            return last; // Reached the damage.
        }
        return last;
    }

    private long end(TarArchiveEntry entry) throws IOException {
        long end = entry.getDataOffset() + entry.getSize();
        if (entry.getSize() < 0 || entry.getDataOffset() < BLOCK || end > shard.size() || entry.isSparse()) {
            throw bad("tar archive is truncated: a member is incomplete", entry.getName());
        }
        return (end + BLOCK - 1) / BLOCK * BLOCK;
    }

    /**
     * Checks that the archive ends with zero blocks and nothing else. If they are missing, members may be missing too;
     * if there are too many, or something follows them, members were lost.
     */
    private void requireEndMark(long end, String last) throws IOException {
        long left = shard.size() - end;
        ByteBuffer padding = bytes(Math.min(end, shard.size()), (int) Math.min(Math.max(left, 0), LONGEST_PADDING));
        boolean zeros = padding.remaining() >= BLOCK;
        while (padding.hasRemaining()) {
            zeros &= padding.get() == 0;
        }
        if (!zeros || left > LONGEST_PADDING) {
            throw LockstepException.data(
                    !zeros && left >= BLOCK
                            ? "tar archive is damaged: data follows its end mark"
                            : zeros
                                    ? "tar archive is damaged: too many zeros follow its last member, limit = "
                                            + LONGEST_PADDING
                                    : "tar archive is truncated: its end mark is missing",
                    "shard = " + file + LAST_GOOD + last,
                    "pack or fetch it again");
        }
    }

    private void requireSamples() {
        if (samples.isEmpty()) {
            throw LockstepException.data(
                    "shard holds no samples", "shard = " + file, "pack or fetch it again, or remove it");
        }
    }

    private void add(TarArchiveEntry entry) throws IOException {
        String name = entry.getName();
        int dot = name.indexOf('.', name.lastIndexOf('/') + 1);
        if (dot < 0 || name.startsWith(".", name.lastIndexOf('/') + 1)) {
            return;
        }
        if (!name.substring(0, dot).equals(key)) {
            finishSample();
            key = name.substring(0, dot);
            if (!keys.add(key)) {
                throw bad(
                        "two samples of a shard have the same key, or the members of a sample are not adjacent", name);
            }
        }
        switch (name.substring(dot + 1).toLowerCase(Locale.ROOT)) {
            case "cls" -> label = only(label, file(entry), "two labels");
            case "jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff" ->
                image = only(image, file(entry), "two images");
            default -> {
                // Another part of the sample.
            }
        }
    }

    /** Links and devices have no contents in the archive, and their targets must not be read. */
    private TarArchiveEntry file(TarArchiveEntry entry) {
        if (!entry.isFile()
                || entry.isSymbolicLink()
                || entry.isLink()
                || entry.isFIFO()
                || entry.isCharacterDevice()
                || entry.isBlockDevice()) {
            throw bad("a member is a link or a device", entry.getName());
        }
        return entry;
    }

    private TarArchiveEntry only(@Nullable TarArchiveEntry before, TarArchiveEntry entry, String two) {
        if (before != null) {
            throw bad("a sample has " + two, before.getName() + " and " + entry.getName());
        }
        return entry;
    }

    private void finishSample() throws IOException {
        if (image != null && label != null) {
            samples.add(new Sample(image.getName(), image.getDataOffset(), image.getSize(), number(label)));
        } else if (image != null || label != null) {
            throw bad(image == null ? "label has no image" : "image has no label (key.cls)", key);
        }
        image = null;
        label = null;
    }

    private int number(TarArchiveEntry entry) throws IOException {
        String text = "";
        if (entry.getSize() <= LONGEST_LABEL) {
            ByteBuffer bytes = bytes(entry.getDataOffset(), (int) entry.getSize());
            text = StandardCharsets.US_ASCII.decode(bytes).toString().strip();
        }
        if (!text.matches("[0-9]{1,9}")) {
            throw bad("label is not a class number", entry.getName());
        }
        return Integer.parseInt(text);
    }

    /** Reads up to {@code length} bytes, fewer at the end of the file. */
    private ByteBuffer bytes(long offset, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        shard.position(offset);
        while (buffer.hasRemaining() && shard.read(buffer) >= 0) {
            // Continue until the buffer is full or the file ends.
        }
        return buffer.flip();
    }

    private LockstepException bad(String what, String member) {
        return LockstepException.data(what, "shard = " + file + ", member = " + member, "pack or fetch it again");
    }
}
