package dev.lockstep.image.format;

import dev.lockstep.errors.InputFile;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.Fingerprint;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.codec.ImageCodec;
import dev.lockstep.storage.Stores;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * Decoded photographs in files that are mapped into memory: {@code train-*.raw}, {@code val-*.raw}, {@code classes.txt} and
 * {@code shards.txt}, as {@code lockstep data pack --raw} writes them. The checksum of an image is verified when it is
 * read for the first time. The fingerprint covers those checksums, thus all pixels.
 */
public final class RawDataset implements Dataset {
    private static final String EXTENSION = ".raw";
    private static final String AGAIN = "pack it again";
    private static final int MOST_NAMES = 1 << 22;

    private final List<Path> files = new ArrayList<>();
    private final List<ByteBuffer> pixels = new ArrayList<>();
    /** Keys, sizes in bytes and labels. */
    private final Samples samples = new Samples();

    private int[] fileOf = {};
    private int[] offsets = {};
    private int[] heights = {};
    private int[] widths = {};
    private byte[] orientations = {};
    private int[] crcs = {};
    /** Which images were found intact; threads may check the same one twice. */
    private final boolean[] intact;

    private final List<String> classNames;
    private final boolean upright;
    private final String fingerprint;

    private RawDataset(Path folder, String split, List<String> classNames, boolean upright) {
        this.classNames = classNames;
        this.upright = upright;
        List<Path> found = files(folder, split);
        ShardList list = ShardList.find(folder)
                .orElseThrow(() -> bad("list of shards is missing", "file = " + folder.resolve(ShardList.FILE)));
        list.requireAll(folder, split, found);
        for (Path file : found) {
            add(file, list);
        }
        this.intact = new boolean[samples.count()];
        this.fingerprint = fingerprint(split);
    }

    private void add(Path file, ShardList list) {
        RawShard shard = RawShard.open(file);
        list.requireSame(file, shard.images().size());
        int count = samples.count() + shard.images().size();
        fileOf = Arrays.copyOf(fileOf, count);
        offsets = Arrays.copyOf(offsets, count);
        heights = Arrays.copyOf(heights, count);
        widths = Arrays.copyOf(widths, count);
        orientations = Arrays.copyOf(orientations, count);
        crcs = Arrays.copyOf(crcs, count);
        long offset = 0;
        for (RawShard.Image image : shard.images()) {
            if (image.label() >= classNames.size()) {
                throw bad(
                        "label is out of range",
                        "shard = " + file + ", image = " + image.key() + ", label = " + image.label() + ", classes = "
                                + classNames.size());
            }
            int index = samples.count();
            fileOf[index] = files.size();
            offsets[index] = Math.toIntExact(offset);
            heights[index] = image.height();
            widths[index] = image.width();
            orientations[index] = image.orientation();
            crcs[index] = image.crc();
            samples.add(image.key(), image.bytes(), image.label());
            offset += image.bytes();
        }
        files.add(file);
        pixels.add(shard.pixels());
    }

    /** Whether a folder holds decoded training images. */
    public static boolean isOne(Path folder) {
        return Files.isDirectory(folder) && !files(folder, "train").isEmpty();
    }

    /**
     * Maps both sets.
     *
     * @param classes the required number of classes, if known
     * @param upright whether images are turned as the EXIF orientation of their photographs says
     * @return the training set, then the validation set
     * @throws LockstepException of kind DATA when files are missing or damaged, or not on this machine
     */
    public static List<Dataset> read(Path folder, OptionalInt classes, boolean upright) {
        if (Stores.isRemote(folder)) {
            throw LockstepException.data(
                    "raw images cannot be read from a store", "folder = " + folder, "copy them to this machine");
        }
        List<String> names = classNames(folder);
        if (classes.isPresent() && classes.getAsInt() != names.size()) {
            throw bad(
                    "wrong number of classes",
                    "folder = " + folder + ", classes = " + names.size() + ", expected = " + classes.getAsInt());
        }
        return List.of(new RawDataset(folder, "train", names, upright), new RawDataset(folder, "val", names, upright));
    }

    private static List<String> classNames(Path folder) {
        Path file = folder.resolve(WebDataset.CLASSES);
        try {
            return InputFile.text(file, MOST_NAMES).lines().toList();
        } catch (IOException e) {
            throw new LockstepException(
                    LockstepException.Kind.DATA, "cannot read the class names: " + e, "file = " + file, AGAIN, e);
        }
    }

    private static List<Path> files(Path folder, String split) {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(file -> {
                        String name = file.getFileName().toString();
                        return name.startsWith(split + "-") && name.endsWith(EXTENSION);
                    })
                    .sorted((a, b) ->
                            a.getFileName().toString().compareTo(b.getFileName().toString()))
                    .toList();
        } catch (IOException e) {
            throw new LockstepException(
                    LockstepException.Kind.DATA,
                    "cannot read the folder: " + e,
                    "folder = " + folder,
                    "check its permissions",
                    e);
        }
    }

    private static LockstepException bad(String what, String where) {
        return LockstepException.data(what, where, AGAIN);
    }

    private String fingerprint(String split) {
        Fingerprint all = new Fingerprint().text("raw photographs").text(samples.fingerprint(split, classNames));
        for (int i = 0; i < samples.count(); i++) {
            all.number(heights[i]).number(widths[i]).number(orientations[i]).number(crcs[i]);
        }
        return all.hex();
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
        return files.get(fileOf[index]) + ":" + samples.name(index);
    }

    @Override
    public ImageData image(int index) {
        byte[] values = new byte[(int) samples.size(index)];
        pixels.get(fileOf[index]).get(offsets[index], values);
        if (!intact[index]) {
            if (RawShard.crc(ByteBuffer.wrap(values)) != crcs[index]) {
                throw LockstepException.data(
                        "raw image is damaged", "image = " + name(index), AGAIN + ", or skip bad images");
            }
            intact[index] = true;
        }
        ImageData.Pixels stored = new ImageData.Pixels(heights[index], widths[index], 3, values);
        return upright ? ImageCodec.upright(stored, orientations[index]) : stored;
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
