package dev.lockstep.image.format;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarFile;
import org.jspecify.annotations.Nullable;

/**
 * Where the samples of a WebDataset shard lie: a tar archive whose members {@code key.jpg} (or jpeg, png) and
 * {@code key.cls} (a class number as text) follow each other. Made in one pass over the headers; images are not read.
 */
final class ShardIndex {
    private static final int BLOCK = 512;
    private static final int LONGEST_LABEL = 16;

    /**
     * An image in a shard.
     *
     * @param name of the member
     * @param offset of its bytes in the archive
     */
    record Sample(String name, long offset, int size, int label) {}

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
     * @param file what to call the shard in messages
     * @throws LockstepException of kind DATA, naming shard and member, when the archive is damaged or torn, or a sample is
     *     not whole
     */
    static List<Sample> read(SeekableByteChannel shard, String file) {
        ShardIndex index = new ShardIndex(shard, file);
        try (TarFile tar = new TarFile(shard)) {
            long end = 0;
            for (TarArchiveEntry entry : tar.getEntries()) {
                end = Math.max(end, index.end(entry));
                if (entry.isFile()) {
                    index.add(entry);
                }
            }
            index.requireEndMark(end);
            index.finishSample();
            return index.samples;
        } catch (LockstepException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            throw new LockstepException(
                    LockstepException.Kind.DATA,
                    "tar archive is damaged: " + e.getMessage(),
                    "shard = " + file,
                    "pack or fetch it again",
                    e);
        }
    }

    private long end(TarArchiveEntry entry) throws IOException {
        long end = entry.getDataOffset() + entry.getSize();
        if (entry.getSize() < 0 || entry.getDataOffset() < BLOCK || end > shard.size() || entry.isSparse()) {
            throw bad("tar archive is torn: a member is not whole", entry.getName());
        }
        return (end + BLOCK - 1) / BLOCK * BLOCK;
    }

    /** An archive ends with blocks of zeros; where they are missing the rest may be missing too. */
    private void requireEndMark(long end) throws IOException {
        ByteBuffer block = bytes(Math.min(end, shard.size()), BLOCK);
        boolean zeros = block.remaining() == BLOCK;
        while (block.hasRemaining()) {
            zeros &= block.get() == 0;
        }
        if (!zeros) {
            throw bad("tar archive is torn: its end mark is missing", key);
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
                throw bad("two samples of a shard have the same key, or their members are apart", name);
            }
        }
        if (name.endsWith(".cls")) {
            label = entry;
        } else if (ImageFolder.isImage(name.substring(name.lastIndexOf('/') + 1))) {
            image = entry;
        }
    }

    private void finishSample() throws IOException {
        if (image != null && label != null) {
            if (image.getSize() > Integer.MAX_VALUE - 8) {
                throw bad("image is too large", image.getName());
            }
            samples.add(new Sample(image.getName(), image.getDataOffset(), (int) image.getSize(), number(label)));
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

    /** As many bytes as there are, up to {@code length}, ready to be read. */
    private ByteBuffer bytes(long offset, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        shard.position(offset);
        while (buffer.hasRemaining() && shard.read(buffer) >= 0) {
            // Reads on until the buffer is full or the file ends.
        }
        return buffer.flip();
    }

    private LockstepException bad(String what, String member) {
        return LockstepException.data(what, "shard = " + file + ", member = " + member, "pack or fetch it again");
    }
}
