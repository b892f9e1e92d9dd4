package dev.lockstep.image.catalog;

import dev.lockstep.image.ImageShape;
import dev.lockstep.image.Normalization;
import java.util.List;
import java.util.OptionalInt;

/**
 * What is known of a dataset without its files.
 *
 * @param name as recipes write it
 * @param title one line for people
 * @param shape of what the network sees
 * @param classes how many; empty when only the files can tell
 * @param classNames by class; empty when only the files can tell
 * @param trainingImages how many; empty when only the files can tell
 * @param validationImages how many; empty when only the files can tell
 * @param normalization the constants of its training images
 */
public record DatasetSpec(
        String name,
        String title,
        ImageShape shape,
        OptionalInt classes,
        List<String> classNames,
        OptionalInt trainingImages,
        OptionalInt validationImages,
        Normalization normalization) {
    public DatasetSpec {
        classNames = List.copyOf(classNames);
    }

    /**
     * @param side in pixels; 0 leaves the shape as it is
     */
    DatasetSpec withImageSize(int side) {
        ImageShape sized = side == 0 ? shape : new ImageShape(shape.channels(), side, side);
        return new DatasetSpec(
                name, title, sized, classes, classNames, trainingImages, validationImages, normalization);
    }
}
