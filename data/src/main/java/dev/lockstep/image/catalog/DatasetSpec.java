package dev.lockstep.image.catalog;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.ImageShape;
import dev.lockstep.image.Normalization;
import dev.lockstep.recipe.Recipe;
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

    /**
     * This dataset as a recipe sees it: at its image size, normalized with its constants.
     *
     * @throws LockstepException of kind RECIPE when the constants are for another number of channels
     */
    DatasetSpec seenBy(Recipe.Data data) {
        int side = data.imageSize();
        ImageShape sized = side == 0 ? shape : new ImageShape(shape.channels(), side, side);
        return new DatasetSpec(
                name, title, sized, classes, classNames, trainingImages, validationImages, constants(data));
    }

    private Normalization constants(Recipe.Data data) {
        if (data.mean().isEmpty()) {
            return normalization;
        }
        if (data.mean().size() != shape.channels()) {
            throw LockstepException.recipe(
                    "data.mean = " + data.mean() + " is for images of "
                            + data.mean().size() + " channels",
                    "data.dataset = " + name + ", channels = " + shape.channels(),
                    "give data.mean and data.std one number for each channel");
        }
        return new Normalization(data.mean(), data.std());
    }
}
