package dev.lockstep.image;

import java.util.List;

/**
 * Labeled images by index. Implementations are immutable or thread-safe: the loader's threads call them side by side.
 */
public interface Dataset {
    int size();

    /** The class of a sample, in [0, classNames().size()). */
    int label(int index);

    /** The image of a sample: pixels, or an encoded file that the transform decodes. */
    ImageData image(int index);

    List<String> classNames();

    /**
     * A SHA-256, in hexadecimal, that tells datasets apart. Of pixels and labels where a dataset is read whole; of names,
     * sizes in bytes and labels where images are files, which are not read for it. Goes into checkpoints and is compared
     * across processes.
     */
    String fingerprint();
}
