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
 * What happens to images that cannot be read or decoded: either they end the run, or each is replaced by another image of
 * the dataset, with that one's label. The replacement is a function of the bad image's index, so every process takes the
 * same. Counts and lists what was replaced. Safe for many threads; one may serve several loaders of the same dataset.
 */
public final class BadImages {
    private static final long STREAM = KeyedRandom.key("bad-image-replacement");
    /** So many bad images in a row mean that the dataset is bad, not an image. */
    private static final int TRIES = 16;

    private final boolean replace;
    private final ConcurrentSkipListMap<Integer, String> found = new ConcurrentSkipListMap<>();

    private BadImages(boolean replace) {
        this.replace = replace;
    }

    /** The first bad image ends the run. */
    public static BadImages refused() {
        return new BadImages(false);
    }

    /** Bad images are replaced, counted and listed ({@code --skip-bad-images}). */
    public static BadImages replaced() {
        return new BadImages(true);
    }

    /**
     * What is wrong with an image, and its file or member.
     *
     * @param index of an image that was replaced
     */
    public String reason(int index) {
        return Objects.requireNonNull(found.get(index), () -> "image " + index + " is not known to be bad");
    }

    /** What is wrong with each image that was replaced so far, by index. */
    public SortedMap<Integer, String> found() {
        return Collections.unmodifiableSortedMap(new TreeMap<>((Map<Integer, String>) found));
    }

    /** Loads one sample into a batch. */
    interface Loading {
        /** Fails with a {@link LockstepException} of kind DATA when the image is bad. */
        void load(int index);
    }

    /**
     * Loads a sample, or what replaces it.
     *
     * @param size of the dataset
     * @return the index of what was loaded
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
