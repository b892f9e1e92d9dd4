package dev.lockstep.image.format;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.ImageShape;
import java.nio.file.Path;
import java.util.List;

/**
 * Reads grayscale images and their labels from a pair of IDX files, plain or gzip: MNIST and datasets in its format.
 */
public final class IdxDataset {
    private IdxDataset() {}

    /**
     * Reads a set.
     *
     * @param name part of the fingerprint
     * @param images IDX file of shape images × rows × columns
     * @param labels IDX file with one class per image
     * @throws LockstepException of kind DATA when a file is missing, damaged, not IDX, or the two do not match
     */
    public static Dataset read(String name, Path images, Path labels, List<String> classNames, ContentCheck check) {
        IdxArray pixels = ContentFile.read(images, (in, file) -> IdxArray.read(in, file, 3), check);
        IdxArray classes = ContentFile.read(labels, (in, file) -> IdxArray.read(in, file, 1), check);
        int count = pixels.dimensions()[0];
        if (classes.dimensions()[0] != count) {
            throw LockstepException.data(
                    "images and labels do not match",
                    "images = " + count + " in " + images + ", labels = " + classes.dimensions()[0] + " in " + labels,
                    "use two files of the same set");
        }
        for (int i = 0; i < count; i++) {
            PixelDataset.checkLabel(classes.values()[i] & 0xFF, i, classNames.size(), labels.toString());
        }
        ImageShape shape = new ImageShape(1, pixels.dimensions()[1], pixels.dimensions()[2]);
        return new PixelDataset(name, shape, pixels.values(), classes.values(), classNames);
    }
}
