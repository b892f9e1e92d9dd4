package dev.lockstep.image;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.sampling.KeyedRandom;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * Policy for images that cannot be read or decoded: the first one ends the run, or each is replaced by another image of
 * the dataset together with that image's label. The replacement depends only on the bad image's index, so every process
 * chooses the same one. Records which images were replaced. Thread-safe; several loaders of the same dataset may share
 * an instance.
 */
public final class BadImages {
    private static final long STREAM = KeyedRandom.key("bad-image-replacement");
    /** After this many bad images in a row, the dataset is bad, not just an image. */
    private static final int TRIES = 16;

    private final boolean replace;
    private final ConcurrentSkipListMap<Integer, String> found = new ConcurrentSkipListMap<>();

    private BadImages(boolean replace) {
        this.replace = replace;
    }

    /** The policy under which the first bad image ends the run. */
    public static BadImages refused() {
        return new BadImages(false);
    }

    /** The policy under which bad images are replaced, counted and listed. */
    public static BadImages replaced() {
        return new BadImages(true);
    }

    /**
     * What is wrong with a replaced image, and its file or archive member.
     *
     * @param index of an image that was replaced
     */
    public String reason(int index) {
        return Objects.requireNonNull(found.get(index), () -> "image " + index + " is not known to be bad");
    }

    /** What is wrong with each image replaced so far, by index. */
    public SortedMap<Integer, String> found() {
        return Collections.unmodifiableSortedMap(new TreeMap<>((Map<Integer, String>) found));
    }

    /** Loads one sample into a batch. */
    interface Loading {
        /** Fails with a {@link LockstepException} of kind DATA when the image is bad. */
        void load(int index);
    }

    /**
     * Loads a sample or its replacement.
     *
     * @param size of the dataset
     * @return the index of the sample that was loaded
     */
    int load(int index, int size, Loading loading) {
        try {
            loading.load(index);
            return index;
        } catch (LockstepException e) {
            if (!replace || e.kind() != LockstepException.Kind.DATA) {
                throw e;
            }
            found.put(index, e.whatAndWhere());
            return loadAnother(index, size, loading, e);
        }
    }

    private static int loadAnother(int index, int size, Loading loading, LockstepException first) {
        KeyedRandom random = KeyedRandom.of(STREAM, index);
        for (int attempt = 0; attempt < TRIES; attempt++) {
            int other = random.nextInt(size);
            try {
                loading.load(other);
                return other;
            } catch (LockstepException e) {
                if (e.kind() != LockstepException.Kind.DATA) {
                    throw e;
                }
            }
        }
        throw first;
    }
}
