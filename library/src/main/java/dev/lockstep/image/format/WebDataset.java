package dev.lockstep.image.format;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.ImageData;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Photographs in tar shards of the WebDataset kind: every {@code .tar} of a folder with {@code train} in its name, or
 * {@code val}, in the order of their names. An index of all members gives random access, so one shuffle of the whole
 * training set an epoch holds across shards. {@code classes.txt} names the classes, a line each; without it they are
 * numbers.
 */
public final class WebDataset implements Dataset {
    /** The file that names the classes, a line each. */
    public static final String CLASSES = "classes.txt";

    private final List<Path> shards;
    private final List<FileChannel> channels;
    private final Samples samples;
    private final int[] shardOf;
    private final long[] offsets;
    private final List<String> classNames;
    private final String fingerprint;

    private WebDataset(String split, Index index, List<String> classNames) {
        this.shards = index.shards;
        this.channels = index.channels;
        this.samples = index.samples;
        this.shardOf = index.shardOf;
        this.offsets = index.offsets;
        this.classNames = classNames;
        this.fingerprint = samples.fingerprint(split, classNames);
    }

    /** Whether a folder holds training shards. */
    public static boolean isOne(Path folder) {
        return Files.isDirectory(folder) && !shards(folder, "train").isEmpty();
    }

    /**
     * Indexes both sets: training, then validation.
     *
     * @throws LockstepException of kind DATA when shards are missing or damaged, or a label is outside the classes
     */
    public static List<Dataset> read(Path folder) {
        Index training = Index.of(folder, "train");
        Index validation = Index.of(folder, "val");
        List<String> classNames = classNames(folder, Math.max(training.classes(), validation.classes()));
        training.requireLabelsBelow(classNames.size());
        validation.requireLabelsBelow(classNames.size());
        return List.of(
                new WebDataset("training", training, classNames), new WebDataset("validation", validation, classNames));
    }

    private static List<String> classNames(Path folder, int counted) {
        Path file = folder.resolve(CLASSES);
        if (!Files.exists(file)) {
            return IntStream.range(0, counted).mapToObj(Integer::toString).toList();
        }
        try {
            return Files.readAllLines(file).stream()
                    .filter(line -> !line.isBlank())
                    .toList();
        } catch (IOException e) {
            throw unreadable("class names cannot be read: " + e, "file = " + file, e);
        }
    }

    private static List<Path> shards(Path folder, String split) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().endsWith(".tar"))
                    .filter(file -> file.getFileName().toString().contains(split))
                    .sorted((a, b) ->
                            a.getFileName().toString().compareTo(b.getFileName().toString()))
                    .toList();
        } catch (IOException e) {
            throw unreadable("folder cannot be read: " + e, "folder = " + folder, e);
        }
    }

    private static LockstepException unreadable(String what, String where, IOException cause) {
        return new LockstepException(LockstepException.Kind.DATA, what, where, "check its permissions", cause);
    }

    /** The samples of one set. */
    private record Index(
            List<Path> shards, List<FileChannel> channels, Samples samples, int[] shardOf, long[] offsets) {
        static Index of(Path folder, String split) {
            List<Path> shards = WebDataset.shards(folder, split);
            if (shards.isEmpty()) {
                throw LockstepException.data(
                        "no shards", "folder = " + folder + ", wanted = *" + split + "*.tar", "check the data folder");
            }
            List<FileChannel> channels = new ArrayList<>();
            Samples samples = new Samples();
            int[] shardOf = {};
            long[] offsets = {};
            for (Path shard : shards) {
                List<ShardIndex.Sample> found = index(shard);
                int before = samples.count();
                shardOf = Arrays.copyOf(shardOf, before + found.size());
                offsets = Arrays.copyOf(offsets, before + found.size());
                Arrays.fill(shardOf, before, shardOf.length, channels.size());
                for (ShardIndex.Sample sample : found) {
                    offsets[samples.count()] = sample.offset();
                    samples.add(sample.name(), sample.size(), sample.label());
                }
                channels.add(open(shard));
            }
            if (samples.count() == 0) {
                throw LockstepException.data("shards hold no samples", "shard = " + shards.get(0), "pack them again");
            }
            return new Index(shards, channels, samples, shardOf, offsets);
        }

        int classes() {
            return 1
                    + IntStream.range(0, samples.count())
                            .map(samples::label)
                            .max()
                            .orElse(0);
        }

        void requireLabelsBelow(int classes) {
            for (int i = 0; i < samples.count(); i++) {
                if (samples.label(i) >= classes) {
                    throw LockstepException.data(
                            "label is outside the classes",
                            "shard = " + shards.get(shardOf[i]) + ", member = " + samples.name(i) + ", label = "
                                    + samples.label(i) + ", classes = " + classes,
                            "mend the shard or " + CLASSES);
                }
            }
        }
    }

    private static List<ShardIndex.Sample> index(Path shard) {
        return ShardIndex.read(open(shard), shard.toString());
    }

    /** Stays open as long as the dataset: reads at a position need no lock and no seek. */
    private static FileChannel open(Path shard) {
        try {
            return FileChannel.open(shard);
        } catch (IOException e) {
            throw unreadable("shard cannot be opened: " + e, "shard = " + shard, e);
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
    public ImageData image(int index) {
        String name = shards.get(shardOf[index]) + ":" + samples.name(index);
        ByteBuffer bytes = ByteBuffer.allocate((int) samples.size(index));
        try {
            FileChannel shard = channels.get(shardOf[index]);
            while (bytes.hasRemaining()) {
                if (shard.read(bytes, offsets[index] + bytes.position()) < 0) {
                    throw LockstepException.data("shard became shorter", "image = " + name, "pack or fetch it again");
                }
            }
        } catch (IOException e) {
            throw unreadable("image cannot be read: " + e, "image = " + name, e);
        }
        return new ImageData.Encoded(name, bytes.array());
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
