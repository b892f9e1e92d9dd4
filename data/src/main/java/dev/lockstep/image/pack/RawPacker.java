package dev.lockstep.image.pack;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.codec.ImageCodec;
import dev.lockstep.image.codec.ImageHeader;
import dev.lockstep.image.format.ImageFolder;
import dev.lockstep.image.format.RawShardWriter;
import dev.lockstep.image.format.ShardList;
import dev.lockstep.image.transform.ShortSide;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Packs an image folder as decoded pixels, for those who train many times on it: {@code train-000000.raw}, …, {@code
 * val-000000.raw}, …, the class names and the list of shards. A shard ends after 1 GiB or the given number of images.
 * Images keep their order, and equal input gives byte-identical shards.
 *
 * @param shortSide images with a longer short side are reduced to this
 * @param imagesPerShard the maximum number of images per shard
 * @param skipBadImages whether to omit images that cannot be read instead of failing
 */
public record RawPacker(int shortSide, int imagesPerShard, boolean skipBadImages) {
    public RawPacker {
        ShardPacker.require(shortSide >= 8, "short-side = " + shortSide, "must be at least 8 for raw images");
        ShardPacker.require(imagesPerShard >= 1, "images-per-shard = " + imagesPerShard, "must be at least 1");
    }

    /**
     * Packs a folder.
     *
     * @param folder the folder with {@code train} and {@code val}
     * @param out the folder for the shards, which must be missing or empty; it appears only once everything is written
     * @throws LockstepException of kind DATA when the input is bad or the shards cannot be written
     */
    public ShardPacker.Result pack(Path folder, Path out) {
        return Packing.into(folder, out, (sets, partial) -> {
            Map<String, String> skipped = new TreeMap<>();
            ShardList list = new ShardList();
            Shards training = new Shards(partial, "train", list);
            training.write(sets.get(0), skipped);
            Shards validation = new Shards(partial, "val", list);
            validation.write(sets.get(1), skipped);
            Files.writeString(partial.resolve(ShardList.FILE), list.text());
            return new ShardPacker.Result(
                    training.images + validation.images, training.shards + validation.shards, skipped);
        });
    }

    /** Writes the shards of one set. */
    private final class Shards {
        private final Path folder;
        private final String split;
        private final ShardList list;
        private final Set<String> keys = new HashSet<>();
        private int images;
        private int shards;
        private int inShard;
        private @Nullable RawShardWriter shard;

        Shards(Path folder, String split, ShardList list) {
            this.folder = folder;
            this.split = split;
            this.list = list;
        }

        void write(Dataset set, Map<String, String> skipped) throws IOException {
            ImageFolder files = (ImageFolder) set;
            try {
                for (int index = 0; index < files.size(); index++) {
                    String key = files.key(index);
                    ShardPacker.requireNew(keys.add(key), key, split);
                    try {
                        ImageData.Encoded file = (ImageData.Encoded) files.image(index);
                        ImageHeader header = ImageCodec.examine(file);
                        add(key, files.label(index), ShortSide.reduce(file, shortSide), header.orientation());
                    } catch (LockstepException e) {
                        if (!skipBadImages) {
                            throw e;
                        }
                        skipped.put(split + "/" + key, e.getMessage());
                    }
                }
            } finally {
                finish();
            }
        }

        private void add(String key, int label, ImageData.Pixels image, int orientation) throws IOException {
            if (inShard == imagesPerShard || shard != null && !shard.fits(image)) {
                finish();
            }
            if (shard == null) {
                shard = new RawShardWriter(folder.resolve(name()));
            }
            shard.add(key, label, image, orientation);
            inShard++;
            images++;
        }

        private String name() {
            return String.format(Locale.ROOT, "%s-%06d.raw", split, shards);
        }

        private void finish() throws IOException {
            if (shard != null) {
                shard.close();
                list.add(name(), Files.size(folder.resolve(name())), inShard);
                shard = null;
                inShard = 0;
                shards++;
            }
        }
    }
}
