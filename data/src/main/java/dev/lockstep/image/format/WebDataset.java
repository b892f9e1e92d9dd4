package dev.lockstep.image.format;

import dev.lockstep.errors.InputFile;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.ImageData;
import dev.lockstep.storage.Stores;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Photographs in WebDataset tar shards: every {@code .tar} file in a folder with {@code train} or {@code val} in its
 * name, in name order. An index of all members gives random access, so the training set is shuffled as a whole in each
 * epoch, across shards. {@code classes.txt} names the classes, one per line; without it classes are numbered, one for
 * each distinct label in the training set. Every class must have images in both sets. If {@code shards.txt} exists, the
 * shards must match it.
 */
public final class WebDataset implements Dataset {
    /** The file that names the classes, one per line. */
    public static final String CLASSES = "classes.txt";

    /** The size limit for the file of class names, in bytes. */
    private static final int MOST_NAMES = 1 << 22;

    private static final String TRAINING = "train";
    private static final String VALIDATION = "val";

    private final List<Path> shards;
    /** Of shards on this machine; empty for those in a store. */
    private final List<FileChannel> channels;

    private final @Nullable StoredShards stored;
    private final Samples samples;
    private final int[] shardOf;
    private final long[] offsets;
    /** CRC-32C of the images of shards in a store. */
    private final int[] crcs;

    private final List<String> classNames;
    private final String fingerprint;

    private WebDataset(String split, Index index, List<String> classNames) {
        this.shards = index.shards;
        this.channels = index.channels;
        this.samples = index.samples;
        this.shardOf = index.shardOf;
        this.offsets = index.offsets;
        this.stored = index.stored;
        this.crcs = index.crcs;
        this.classNames = classNames;
        this.fingerprint = samples.fingerprint(split, classNames);
    }

    /** Whether a folder holds training shards. */
    public static boolean isOne(Path folder) {
        return Files.isDirectory(folder) && !shards(folder, TRAINING).isEmpty();
    }

    /** Indexes both sets, with any number of classes; see {@link #read(Path, OptionalInt)}. */
    public static List<Dataset> read(Path folder) {
        return read(folder, OptionalInt.empty());
    }

    /**
     * Indexes both sets.
     *
     * @param classes the required number of classes, if known
     * @return the training set, then the validation set
     * @throws LockstepException of kind DATA when shards are missing or damaged, a label is out of range, a class has
     *     no images in a set, or two shards of a set hold the same sample
     */
    public static List<Dataset> read(Path folder, OptionalInt classes) {
        return read(folder, classes, ShardCache::ofUser);
    }

    /** @param cache for the shards of a store */
    static List<Dataset> read(Path folder, OptionalInt classes, Supplier<ShardCache> cache) {
        Index training = Index.of(folder, TRAINING, cache);
        Index validation = Index.of(folder, VALIDATION, cache);
        Optional<List<String>> given = classNames(folder);
        if (given.isEmpty() && classes.isEmpty()) {
            training.requireEveryLabel();
        }
        List<String> names = given.orElseGet(() -> IntStream.range(0, classes.orElseGet(training::labels))
                .mapToObj(Integer::toString)
                .toList());
        int limit = Math.min(names.size(), classes.orElse(names.size()));
        boolean[] trained = training.present(limit);
        boolean[] validated = validation.present(limit);
        for (int label = 0; label < limit; label++) {
            requireImages(folder, names.get(label), trained[label], validated[label]);
        }
        return List.of(new WebDataset("training", training, names), new WebDataset("validation", validation, names));
    }

    private static void requireImages(Path folder, String name, boolean trained, boolean validated) {
        if (!trained || !validated) {
            throw LockstepException.data(
                    trained || validated
                            ? "class is in " + (trained ? "train but not in val" : "val but not in train")
                            : "class has no images in train or val",
                    "folder = " + folder + ", class = " + name,
                    "add the missing shards or images" + (trained || validated ? "" : ", or fix " + CLASSES));
        }
    }

    private static Optional<List<String>> classNames(Path folder) {
        Path file = folder.resolve(CLASSES);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(InputFile.text(file, MOST_NAMES)
                    .lines()
                    .filter(line -> !line.isBlank())
                    .toList());
        } catch (CharacterCodingException e) {
            throw new LockstepException(
                    LockstepException.Kind.DATA, "class names are not UTF-8", "file = " + file, "save it as UTF-8", e);
        } catch (IOException e) {
            throw unreadable("cannot read the class names: " + e, "file = " + file, e);
        }
    }

    private static List<Path> shards(Path folder, String split) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> isOf(file, split))
                    .sorted((a, b) ->
                            a.getFileName().toString().compareTo(b.getFileName().toString()))
                    .toList();
        } catch (IOException e) {
            throw unreadable("cannot read the folder: " + e, "folder = " + folder, e);
        }
    }

    private static boolean isOf(Path file, String split) {
        String name = file.getFileName().toString();
        if (!name.endsWith(".tar")) {
            return false;
        }
        if (name.contains(TRAINING) && name.contains(VALIDATION)) {
            throw LockstepException.data(
                    "shard name matches both sets",
                    "shard = " + file,
                    "rename it so that its name contains only one of " + TRAINING + " and " + VALIDATION);
        }
        return name.contains(split);
    }

    private static LockstepException unreadable(String what, String where, IOException cause) {
        return new LockstepException(LockstepException.Kind.DATA, what, where, "check its permissions", cause);
    }

    /** The samples of one set. */
    private record Index(
            List<Path> shards,
            List<FileChannel> channels,
            @Nullable StoredShards stored,
            Samples samples,
            int[] shardOf,
            long[] offsets,
            int[] crcs) {
        static Index of(Path folder, String split, Supplier<ShardCache> cache) {
            List<Path> shards = WebDataset.shards(folder, split);
            if (shards.isEmpty()) {
                throw LockstepException.data(
                        "no shards",
                        "folder = " + folder + ", expected = *" + split + "*.tar",
                        "check the data folder");
            }
            Optional<ShardList> list = ShardList.find(folder);
            list.ifPresent(listed -> listed.requireAll(folder, split, shards));
            boolean remote = Stores.isRemote(folder);
            List<ShardCache.Indexed> indexed = remote ? StoredShards.index(shards, cache.get()) : List.of();
            List<FileChannel> channels = new ArrayList<>();
            Samples samples = new Samples();
            int[] shardOf = {};
            long[] offsets = {};
            for (int number = 0; number < shards.size(); number++) {
                Path shard = shards.get(number);
                List<ShardIndex.Sample> found = remote ? indexed.get(number).samples() : index(shard);
                list.ifPresent(listed -> listed.requireSame(shard, found.size()));
                int before = samples.count();
                shardOf = Arrays.copyOf(shardOf, before + found.size());
                offsets = Arrays.copyOf(offsets, before + found.size());
                Arrays.fill(shardOf, before, shardOf.length, number);
                for (ShardIndex.Sample sample : found) {
                    offsets[samples.count()] = sample.offset();
                    samples.add(sample.name(), sample.size(), sample.label());
                }
                if (!remote) {
                    channels.add(open(shard));
                }
            }
            StoredShards stored = remote
                    ? new StoredShards(
                            indexed.stream().map(ShardCache.Indexed::copy).toList())
                    : null;
            int[] crcs = indexed.stream()
                    .flatMapToInt(shard -> Arrays.stream(shard.crcs()))
                    .toArray();
            Index index = new Index(shards, channels, stored, samples, shardOf, offsets, crcs);
            index.requireDifferentKeys();
            return index;
        }

        private void requireDifferentKeys() {
            samples.sameKey().ifPresent(two -> {
                throw LockstepException.data(
                        "two shards of a set hold the same sample",
                        "shards = " + shards.get(shardOf[two[0]]) + " and " + shards.get(shardOf[two[1]]) + ", key = "
                                + Samples.key(samples.name(two[0])),
                        "remove or rename one of them");
            });
        }

        /** The number of distinct labels. */
        int labels() {
            return (int) IntStream.range(0, samples.count())
                    .map(samples::label)
                    .distinct()
                    .count();
        }

        /** Without class names the labels are the classes, so none below the largest may be missing. */
        void requireEveryLabel() {
            int labels = labels();
            for (int i = 0; i < samples.count(); i++) {
                if (samples.label(i) >= labels) {
                    throw LockstepException.data(
                            "labels must be consecutive numbers from 0",
                            at(i) + ", distinct labels = " + labels,
                            "renumber the classes, or list all of them in " + CLASSES);
                }
            }
        }

        /** Which classes have images. */
        boolean[] present(int classes) {
            boolean[] present = new boolean[classes];
            for (int i = 0; i < samples.count(); i++) {
                if (samples.label(i) >= classes) {
                    throw LockstepException.data(
                            "label is out of range", at(i) + ", classes = " + classes, "fix the shard or " + CLASSES);
                }
                present[samples.label(i)] = true;
            }
            return present;
        }

        private String at(int index) {
            return "shard = " + shards.get(shardOf[index]) + ", member = " + samples.name(index) + ", label = "
                    + samples.label(index);
        }
    }

    private static List<ShardIndex.Sample> index(Path shard) {
        try (FileChannel channel = open(shard)) {
            return ShardIndex.read(channel, shard.toString());
        } catch (IOException e) {
            throw unreadable("cannot read the shard: " + e, "shard = " + shard, e);
        }
    }

    /** Opens a shard for as long as the dataset exists. Positional reads need neither a lock nor a seek. */
    private static FileChannel open(Path shard) {
        try {
            InputFile.requireRegular(shard);
            return FileChannel.open(shard);
        } catch (IOException e) {
            throw unreadable("cannot open the shard: " + e, "shard = " + shard, e);
        }
    }

    @Override
    public int size() {
        return samples.count();
    }

    @Override
    public int label(int index) {
        return samples.label(index);
    }

    @Override
    public String name(int index) {
        return shards.get(shardOf[index]) + ":" + samples.name(index);
    }

    @Override
    public ImageData image(int index) {
        String name = name(index);
        samples.requireLoadable(index, name);
        try {
            if (stored != null) {
                return new ImageData.Encoded(name, stored.read(index, place(index)));
            }
            ByteBuffer bytes = ByteBuffer.allocate((int) samples.size(index));
            FileChannel shard = channels.get(shardOf[index]);
            while (bytes.hasRemaining()) {
                if (shard.read(bytes, offsets[index] + bytes.position()) < 0) {
                    throw LockstepException.data(
                            "shard has become shorter",
                            "image = " + name,
                            "pack or fetch it again, or skip bad images");
                }
            }
            return new ImageData.Encoded(name, bytes.array());
        } catch (IOException e) {
            throw new LockstepException(
                    LockstepException.Kind.DATA,
                    "cannot read the image: " + e,
                    "image = " + name,
                    "check the shard, or skip bad images",
                    e);
        }
    }

    private StoredShards.Place place(int index) {
        int shard = shardOf[index];
        return new StoredShards.Place(shard, shards.get(shard), offsets[index], (int) samples.size(index), crcs[index]);
    }

    @Override
    public boolean prefetches() {
        return stored != null;
    }

    @Override
    public void prefetch(int[] indices) {
        if (stored != null) {
            for (int index : indices) {
                if (samples.size(index) <= Samples.LARGEST_FILE) {
                    stored.prefetch(index, place(index));
                }
            }
        }
    }

    @Override
    public List<String> classNames() {
        return classNames;
    }

    @Override
    public String fingerprint() {
        return fingerprint;
    }
}
