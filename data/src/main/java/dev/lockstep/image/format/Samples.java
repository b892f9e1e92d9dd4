package dev.lockstep.image.format;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.Fingerprint;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A growing table of samples: name, size in bytes, label. The names are stored end to end in one array, because a
 * million strings would take a hundred megabytes.
 */
final class Samples {
    /** 256 MiB. A larger file is not a plausible image, and is not read into memory. */
    static final int LARGEST_FILE = 1 << 28;

    private byte[] text = new byte[1 << 12];
    private int[] ends = new int[1 << 8];
    private long[] sizes = new long[1 << 8];
    private int[] labels = new int[1 << 8];
    private int count;

    /**
     * The sample's key, which does not depend on the storage format: its path without extension. Other dots in the name
     * are replaced, because WebDataset treats everything after the first dot as the extension.
     */
    static String key(String path) {
        int slash = path.lastIndexOf('/');
        int dot = path.lastIndexOf('.');
        String stem = dot > slash ? path.substring(0, dot) : path;
        return stem.substring(0, slash + 1) + stem.substring(slash + 1).replace('.', '_');
    }

    void add(String name, long size, int label) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        int start = count == 0 ? 0 : ends[count - 1];
        int end = Math.addExact(start, bytes.length);
        if (end > text.length) {
            text = Arrays.copyOf(text, Math.max(end, Math.max(text.length, text.length + (text.length >> 1))));
        }
        if (count == ends.length) {
            ends = Arrays.copyOf(ends, count * 2);
            sizes = Arrays.copyOf(sizes, count * 2);
            labels = Arrays.copyOf(labels, count * 2);
        }
        System.arraycopy(bytes, 0, text, start, bytes.length);
        ends[count] = end;
        sizes[count] = size;
        labels[count] = label;
        count++;
    }

    int count() {
        return count;
    }

    String name(int index) {
        int start = index == 0 ? 0 : ends[index - 1];
        return new String(text, start, ends[index] - start, StandardCharsets.UTF_8);
    }

    long size(int index) {
        return sizes[index];
    }

    int label(int index) {
        return labels[index];
    }

    /**
     * @param image the name of the file, for the message
     * @throws LockstepException of kind DATA when the file is too large to be an image
     */
    void requireLoadable(int index, String image) {
        if (sizes[index] > LARGEST_FILE) {
            throw LockstepException.data(
                    "image file is too large",
                    "image = " + image + ", bytes = " + sizes[index] + ", limit = " + LARGEST_FILE,
                    "replace or remove it, or skip bad images");
        }
    }

    /**
     * Finds two samples with the same key and returns their indices. Sorts hashes, because a million strings take too
     * much memory.
     */
    Optional<int[]> sameKey() {
        long secret = new SecureRandom().nextLong();
        long[] order = new long[count];
        for (int i = 0; i < count; i++) {
            order[i] = (long) hash(key(name(i)), secret) << Integer.SIZE | i;
        }
        Arrays.sort(order);
        int[] first = null;
        for (int i = 1; i < count; i++) {
            for (int j = i - 1; j >= 0 && order[j] >> Integer.SIZE == order[i] >> Integer.SIZE; j--) {
                boolean earlier = first == null || (int) order[i] < first[1];
                if (earlier && key(name((int) order[i])).equals(key(name((int) order[j])))) {
                    first = new int[] {(int) order[j], (int) order[i]};
                }
            }
        }
        return Optional.ofNullable(first);
    }

    /**
     * Salted with a secret, so that nobody can choose names with equal hashes, which would make {@link #sameKey}
     * quadratic.
     */
    private static int hash(String text, long secret) {
        long hash = secret;
        for (int i = 0; i < text.length(); i++) {
            hash = (hash ^ text.charAt(i)) * 0x9E3779B97F4A7C15L;
            hash ^= hash >>> 32;
        }
        return (int) hash;
    }

    /**
     * The fingerprint of the class names and of all keys, sizes and labels, in order. A folder and the shards packed
     * from it have the same fingerprint.
     */
    String fingerprint(String split, List<String> classNames) {
        Fingerprint fingerprint = new Fingerprint()
                .text("photographs")
                .text(split)
                .texts(classNames)
                .number(count);
        for (int i = 0; i < count; i++) {
            fingerprint.text(key(name(i))).number(sizes[i]).number(labels[i]);
        }
        return fingerprint.hex();
    }
}
