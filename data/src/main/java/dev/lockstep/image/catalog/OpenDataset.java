package dev.lockstep.image.catalog;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.BytePixels;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.Fingerprint;
import dev.lockstep.image.ImageShape;
import dev.lockstep.image.ImageTransform;
import dev.lockstep.image.Labels;
import dev.lockstep.image.Normalization;
import dev.lockstep.image.transform.PhotographTransform;
import dev.lockstep.network.ClassificationTask;
import java.util.OptionalInt;

/**
 * A dataset whose files were found and checked, with its transforms.
 *
 * @param spec what the files hold; no optional part is empty
 * @param training the training set
 * @param validation the validation set
 * @param trainingTransform the transform with the recipe's augmentation
 * @param evaluationTransform the transform without randomness
 */
public record OpenDataset(
        DatasetSpec spec,
        Dataset training,
        Dataset validation,
        ImageTransform trainingTransform,
        ImageTransform evaluationTransform) {

    /**
     * Data of one's own. Counts and class names are those of the sets, the shape is that of the transforms.
     *
     * @param name for messages and reports
     * @param normalization of the transforms, for drawing what the network sees
     * @throws LockstepException of kind DATA when a set is empty, the sets have other classes, or the transforms other shapes
     */
    public static OpenDataset of(
            String name,
            Dataset training,
            Dataset validation,
            ImageTransform trainingTransform,
            ImageTransform evaluationTransform,
            Normalization normalization) {
        if (training.size() == 0 || validation.size() == 0) {
            throw LockstepException.data(
                    "a set is empty",
                    "dataset = " + name + ", training images = " + training.size() + ", validation images = "
                            + validation.size(),
                    "give each set an image at least");
        }
        if (!training.classNames().equals(validation.classNames())
                || training.classNames().isEmpty()) {
            throw LockstepException.data(
                    "the sets have other classes",
                    "dataset = " + name + ", training = " + training.classNames() + ", validation = "
                            + validation.classNames(),
                    "give both sets the same class names in the same order");
        }
        ImageShape shape = trainingTransform.shape();
        if (!shape.equals(evaluationTransform.shape())) {
            throw LockstepException.data(
                    "the transforms give other shapes",
                    "dataset = " + name + ", training = " + shape + ", evaluation = " + evaluationTransform.shape(),
                    "let both give the shape of the network input");
        }
        DatasetSpec spec = new DatasetSpec(
                name,
                "",
                shape,
                OptionalInt.of(training.classNames().size()),
                training.classNames(),
                OptionalInt.of(training.size()),
                OptionalInt.of(validation.size()),
                normalization);
        return new OpenDataset(spec, training, validation, trainingTransform, evaluationTransform);
    }

    /** What a network for this data must do. */
    public ClassificationTask task() {
        return new ClassificationTask(shape().channels(), shape().height(), shape().width(), classes());
    }

    /** The shape of the network input. */
    public ImageShape shape() {
        return trainingTransform.shape();
    }

    /** The number of classes. */
    public int classes() {
        return training.classNames().size();
    }

    /**
     * The class of each training sample.
     *
     * @throws dev.lockstep.errors.LockstepException of kind DATA naming a sample of either set whose label is outside the
     *     classes
     */
    public int[] trainingLabels() {
        Labels.of(validation, "validation");
        return Labels.of(training, "training");
    }

    /**
     * The SHA-256 of both sets' fingerprints, in hexadecimal; see {@link Dataset#fingerprint}. It tells photographs that are
     * turned as their EXIF orientation says from those that are not.
     */
    public String fingerprint() {
        Fingerprint both = new Fingerprint().text(training.fingerprint()).text(validation.fingerprint());
        ImageTransform exact = evaluationTransform instanceof BytePixels bytes ? bytes.exact() : evaluationTransform;
        if (exact instanceof PhotographTransform photographs && photographs.isUpright()) {
            both.text("orientation: EXIF");
        }
        return both.hex();
    }
}
