package dev.lockstep.image;

import java.util.List;

/**
 * Labelled images by index. Implementations are immutable or thread-safe: the loader's threads call them side by side.
 */
public interface Dataset {
    int size();

    /** The class of a sample, in [0, classNames().size()). */
    int label(int index);

    /** The image of a sample: pixels, or an encoded file that the transform decodes. */
    ImageData image(int index);

    List<String> classNames();

    /**
     * A SHA-256, in hexadecimal, of what the dataset contains: two datasets with the same fingerprint give the same
     * training run. Goes into checkpoints and is compared across processes.
     */
    String fingerprint();
}
