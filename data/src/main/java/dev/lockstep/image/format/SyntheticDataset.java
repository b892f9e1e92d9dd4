package dev.lockstep.image.format;

import dev.lockstep.image.Dataset;
import dev.lockstep.image.Fingerprint;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.ImageShape;
import dev.lockstep.sampling.KeyedRandom;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Generated images that a network can learn, for tests and benchmarks: each class has its own coarse pattern, and each
 * image is the mean of that pattern and uniform noise. Every image depends only on (split, index).
 */
public final class SyntheticDataset implements Dataset {
    private static final long LABELS = KeyedRandom.key("synthetic-labels");
    private static final long NOISE = KeyedRandom.key("synthetic-noise");
    private static final long PATTERNS = KeyedRandom.key("synthetic-patterns");
    /** A pattern is this many cells high and wide. */
    private static final int CELLS = 4;

    private final String split;
    private final int size;
    private final ImageShape shape;
    private final List<String> classNames;
    private final byte[][] patterns;

    /**
     * @param split a name such as {@code training}; images of different splits differ, but class patterns do not
     * @param size the number of images
     */
    public SyntheticDataset(String split, int size, ImageShape shape, int classes) {
        if (size < 1 || classes < 1 || shape.floats() < 1) {
            throw new IllegalArgumentException(
                    "size = " + size + ", shape = " + shape + ", classes = " + classes + ": must be positive");
        }
        this.split = split;
        this.size = size;
        this.shape = shape;
        this.classNames =
                IntStream.range(0, classes).mapToObj(i -> "class-" + i).toList();
        this.patterns = new byte[classes][];
        for (int label = 0; label < classes; label++) {
            patterns[label] = new byte[CELLS * CELLS * shape.channels()];
            fill(patterns[label], KeyedRandom.of(PATTERNS, label));
        }
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public int label(int index) {
        return KeyedRandom.of(LABELS, KeyedRandom.key(split), index).nextInt(classNames.size());
    }

    @Override
    public ImageData image(int index) {
        byte[] values = new byte[shape.floats()];
        fill(values, KeyedRandom.of(NOISE, KeyedRandom.key(split), index));
        byte[] pattern = patterns[label(index)];
        int at = 0;
        for (int y = 0; y < shape.height(); y++) {
            int row = y * CELLS / shape.height() * CELLS;
            for (int x = 0; x < shape.width(); x++) {
                int cell = (row + x * CELLS / shape.width()) * shape.channels();
                for (int channel = 0; channel < shape.channels(); channel++, at++) {
                    values[at] = (byte) ((values[at] & 0xFF) + (pattern[cell + channel] & 0xFF) >> 1);
                }
            }
        }
        return new ImageData.Pixels(shape.height(), shape.width(), shape.channels(), values);
    }

    private static void fill(byte[] values, KeyedRandom random) {
        long bits = 0;
        for (int i = 0; i < values.length; i++) {
            if (i % Long.BYTES == 0) {
                bits = random.nextLong();
            }
            values[i] = (byte) bits;
            bits >>>= Byte.SIZE;
        }
    }

    @Override
    public List<String> classNames() {
        return classNames;
    }

    /** The SHA-256 of the parameters, which determine the images. */
    @Override
    public String fingerprint() {
        return new Fingerprint()
                .text("synthetic-1")
                .text(split)
                .number(size)
                .number(shape.channels())
                .number(shape.height())
                .number(shape.width())
                .number(classNames.size())
                .hex();
    }
}
