package dev.lockstep.image.catalog;

import dev.lockstep.image.Dataset;
import dev.lockstep.image.Fingerprint;
import dev.lockstep.image.ImageShape;
import dev.lockstep.image.ImageTransform;
import dev.lockstep.image.Labels;

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

    /** The SHA-256 of both sets' fingerprints, in hexadecimal; see {@link Dataset#fingerprint}. */
    public String fingerprint() {
        return new Fingerprint()
                .text(training.fingerprint())
                .text(validation.fingerprint())
                .hex();
    }
}
