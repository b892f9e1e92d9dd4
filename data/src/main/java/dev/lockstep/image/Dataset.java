package dev.lockstep.image;

import java.util.List;

/**
 * Labeled images by index. Implementations must be immutable or thread-safe, because the loader's threads call them
 * concurrently.
 */
public interface Dataset {
    /** The number of samples. */
    int size();

    /** The class of a sample, in [0, classNames().size()). */
    int label(int index);

    /** The image of a sample: pixels, or an encoded file that the transform decodes. */
    ImageData image(int index);

    /** The file or archive member of a sample; empty for a dataset without files. */
    default String name(int index) {
        return "";
    }

    /** Whether images take long to arrive, so that {@link #prefetch} should be called well before {@link #image}. */
    default boolean prefetches() {
        return false;
    }

    /** Starts to read images that will be asked for soon. */
    default void prefetch(int[] indices) {}

    /** Files that were found among the images and left out. */
    default SkippedFiles skippedFiles() {
        return SkippedFiles.NONE;
    }

    /** The names of the classes, indexed by label. */
    List<String> classNames();

    /**
     * A SHA-256, in hexadecimal, that identifies the dataset. For a dataset that is held in memory it covers pixels and
     * labels; for image files it covers names, sizes in bytes and labels, without reading the files. It is stored in
     * checkpoints and compared across processes.
     */
    String fingerprint();
}
