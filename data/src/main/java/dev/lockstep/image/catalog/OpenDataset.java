package dev.lockstep.image.catalog;

import dev.lockstep.image.Dataset;
import dev.lockstep.image.Fingerprint;
import dev.lockstep.image.ImageShape;
import dev.lockstep.image.ImageTransform;

/**
 * A dataset whose files were found and checked, with what its images go through.
 *
 * @param spec what the files hold: every optional part is filled
 * @param trainingTransform augments as the recipe says
 * @param evaluationTransform uses no randomness
 */
public record OpenDataset(
        DatasetSpec spec,
        Dataset training,
        Dataset validation,
        ImageTransform trainingTransform,
        ImageTransform evaluationTransform) {

    /** What the network sees. */
    public ImageShape shape() {
        return trainingTransform.shape();
    }

    public int classes() {
        return training.classNames().size();
    }

    /** The SHA-256 of both sets' contents. */
    public String fingerprint() {
        return new Fingerprint()
                .text(training.fingerprint())
                .text(validation.fingerprint())
                .hex();
    }
}
