package dev.lockstep.image.pack;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.codec.ImageCodec;
import dev.lockstep.image.codec.ImageHeader;
import dev.lockstep.image.format.ImageFolder;
import dev.lockstep.image.format.ShardList;
import dev.lockstep.image.transform.ShortSide;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/**
 * Packs an image folder into WebDataset shards: {@code train-000000.tar}, …, {@code val-000000.tar}, … and the class
 * names. Images keep their order, so a sample has the same index in the shards as in the folder. Images that are not
 * resized keep their bytes, so the fingerprint and the trained weights are the same too. Equal input gives
 * byte-identical shards.
 *
 * @param shortSide images with a longer short side are reduced to this and re-encoded as JPEG; 0 keeps all images
 * @param quality the JPEG quality for those
 * @param imagesPerShard the maximum number of images per shard
 * @param skipBadImages whether to omit images that cannot be read instead of failing
 */
public record ShardPacker(int shortSide, int quality, int imagesPerShard, boolean skipBadImages) {
    /**
     * What was written.
     *
     * @param images the number of images
     * @param shards the number of shards
     * @param skipped the message for each omitted image, by key
     */
    public record Result(int images, int shards, Map<String, String> skipped) {}

    public ShardPacker {
        require(shortSide == 0 || shortSide >= 8, "short-side = " + shortSide, "must be 0 or at least 8");
        require(quality >= 1 && quality <= 100, "quality = " + quality, "must be between 1 and 100");
        require(imagesPerShard >= 1, "images-per-shard = " + imagesPerShard, "must be at least 1");
    }

    static void require(boolean holds, String what, String fix) {
        if (!holds) {
            throw LockstepException.recipe(what, "", fix);
        }
    }

    static void requireNew(boolean isNew, String key, String split) {
        if (!isNew) {
            throw LockstepException.data(
                    "two images would have the same name in a shard",
                    "key = " + key + ", set = " + split,
                    "rename one of them");
        }
    }

    /**
     * Packs a folder.
     *
     * @param folder the folder with {@code train} and {@code val}
     * @param out the folder for the shards, which must be missing or empty; it appears only once everything is written
     * @throws LockstepException of kind DATA when the input is bad or the shards cannot be written
     */
    public Result pack(Path folder, Path out) {
        return Packing.into(folder, out, (sets, partial) -> {
            Map<String, String> skipped = new TreeMap<>();
            ShardList list = new ShardList();
            Writer training = new Writer(partial, "train", skipped, list);
            training.write(sets.get(0));
            Writer validation = new Writer(partial, "val", skipped, list);
            validation.write(sets.get(1));
            Files.writeString(partial.resolve(ShardList.FILE), list.text());
            return new Result(training.images + validation.images, training.shards + validation.shards, skipped);
        });
    }

    /** An image as stored in a shard. */
    private record Packed(String extension, byte[] bytes) {}

    private Packed packed(ImageData.Encoded image) {
        ImageHeader header = ImageCodec.examine(image);
        if (shortSide == 0 || Math.min(header.width(), header.height()) <= shortSide) {
            return new Packed(header.format().extension(), image.bytes());
        }
        byte[] smaller = ImageCodec.encodeJpeg(ShortSide.reduce(image, shortSide), quality);
        return new Packed("jpg", ImageCodec.withOrientation(smaller, header.orientation()));
    }

    /** Writes the shards of one set. */
    private final class Writer {
        private final Path folder;
        private final String split;
        private final Map<String, String> skipped;
        private final ShardList list;
        private final Set<String> keys = new HashSet<>();
        private int images;
        private int shards;

        Writer(Path folder, String split, Map<String, String> skipped, ShardList list) {
            this.list = list;
            this.folder = folder;
            this.split = split;
            this.skipped = skipped;
        }

        void write(Dataset set) throws IOException {
            ImageFolder files = (ImageFolder) set;
            for (int index = 0; index < files.size(); ) {
                String name = String.format(Locale.ROOT, "%s-%06d.tar", split, shards);
                Path shard = folder.resolve(name);
                int before = images;
                try (OutputStream out =
                                new BufferedOutputStream(Files.newOutputStream(shard, CREATE_NEW, WRITE), 1 << 16);
                        TarArchiveOutputStream tar = new TarArchiveOutputStream(out, "UTF-8")) {
                    tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
                    for (; index < files.size() && images < before + imagesPerShard; index++) {
                        write(tar, files, index);
                    }
                    tar.finish();
                }
                if (images == before) {
                    Files.delete(shard); // All remaining images were skipped.
                } else {
                    list.add(name, Files.size(shard), images - before);
                    shards++;
                }
            }
        }

        private void write(TarArchiveOutputStream tar, ImageFolder files, int index) throws IOException {
            String key = files.key(index);
            requireNew(keys.add(key), key, split);
            Packed image;
            try {
                image = packed((ImageData.Encoded) files.image(index));
            } catch (LockstepException e) {
                if (!skipBadImages) {
                    throw e;
                }
                skipped.put(split + "/" + key, e.getMessage());
                return;
            }
            member(tar, key + "." + image.extension, image.bytes);
            member(tar, key + ".cls", Integer.toString(files.label(index)).getBytes(StandardCharsets.US_ASCII));
            images++;
        }

        private void member(TarArchiveOutputStream tar, String name, byte[] bytes) throws IOException {
            TarArchiveEntry entry = new TarArchiveEntry(name);
            entry.setSize(bytes.length);
            entry.setModTime(0L);
            entry.setIds(0, 0);
            entry.setMode(0100644);
            tar.putArchiveEntry(entry);
            tar.write(bytes);
            tar.closeArchiveEntry();
        }
    }
}
