package dev.lockstep.image.catalog;

import dev.lockstep.image.ImageShape;
import dev.lockstep.image.Normalization;
import java.util.List;
import java.util.OptionalInt;

/**
 * What is known about a dataset without its files.
 *
 * @param name the name used in recipes
 * @param title a one-line description
 * @param shape the shape of the network input
 * @param classes the number of classes; empty when only the files determine it
 * @param classNames names by class; empty when only the files determine them
 * @param trainingImages the number of training images; empty when only the files determine it
 * @param validationImages the number of validation images; empty when only the files determine it
 * @param normalization mean and deviation of the training images
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

    /** @param side the new height and width in pixels; 0 keeps the shape */
    DatasetSpec withImageSize(int side) {
        ImageShape sized = side == 0 ? shape : new ImageShape(shape.channels(), side, side);
        return new DatasetSpec(
                name, title, sized, classes, classNames, trainingImages, validationImages, normalization);
    }
}
