package dev.lockstep.image.format;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.Fingerprint;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.ImageShape;
import java.util.Arrays;
import java.util.List;

/** Small images of one shape, held in memory as bytes. The in-memory form of IDX and CIFAR files. */
final class PixelDataset implements Dataset {
    private final String name;
    private final ImageShape shape;
    private final byte[] pixels;
    private final byte[] labels;
    private final List<String> classNames;
    private final String fingerprint;

    /**
     * @param pixels images × height × width × channels
     * @param labels one unsigned byte per image, already checked
     */
    PixelDataset(String name, ImageShape shape, byte[] pixels, byte[] labels, List<String> classNames) {
        this.name = name;
        this.shape = shape;
        this.pixels = pixels;
        this.labels = labels;
        this.classNames = List.copyOf(classNames);
        this.fingerprint = new Fingerprint()
                .text(name)
                .number(labels.length)
                .number(shape.height())
                .number(shape.width())
                .number(shape.channels())
                .bytes(labels)
                .bytes(pixels)
                .hex();
    }

    /** Throws when a label is out of range. */
    static void checkLabel(int label, int index, int classes, String file) {
        if (label >= classes) {
            throw LockstepException.data(
                    "label is out of range",
                    "file = " + file + ", image = " + index + ", label = " + label + ", classes = " + classes,
                    "use the dataset's original file");
        }
    }

    @Override
    public int size() {
        return labels.length;
    }

    @Override
    public int label(int index) {
        return labels[index] & 0xFF;
    }

    @Override
    public ImageData image(int index) {
        int length = shape.floats();
        byte[] image = Arrays.copyOfRange(pixels, index * length, (index + 1) * length);
        return new ImageData.Pixels(shape.height(), shape.width(), shape.channels(), image);
    }

    @Override
    public List<String> classNames() {
        return classNames;
    }

    @Override
    public String fingerprint() {
        return fingerprint;
    }

    @Override
    public String toString() {
        return name + " (" + size() + " images)";
    }
}
