package dev.lockstep.image.format;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.Fingerprint;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A growing table of samples: key, size in bytes, label. Keys lie end to end in one array, because a million strings would
 * cost a hundred megabytes.
 */
final class Samples {
    /** 256 MiB: a file beyond this is no image of a dataset, and is not read into memory. */
    static final int LARGEST_FILE = 1 << 28;

    private byte[] text = new byte[1 << 12];
    private int[] ends = new int[1 << 8];
    private long[] sizes = new long[1 << 8];
    private int[] labels = new int[1 << 8];
    private int count;

    /**
     * What a sample is called whatever it is stored in: its path without extension, other dots replaced, because archives
     * of the WebDataset kind take everything after the first dot for the extension.
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
     * @param image what to call the file in the message
     * @throws LockstepException of kind DATA when it is too large to be an image
     */
    void requireLoadable(int index, String image) {
        if (sizes[index] > LARGEST_FILE) {
            throw LockstepException.data(
                    "image file is too large",
                    "image = " + image + ", bytes = " + sizes[index] + ", most = " + LARGEST_FILE,
                    "replace or remove it, or use --skip-bad-images");
        }
    }

    /** The indices of two samples with the same key; empty when there are none. Sorts hashes: a million strings are too much. */
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

    /** Who does not know the secret cannot choose names that all have the same hash, and so compare each with each. */
    private static int hash(String text, long secret) {
        long hash = secret;
        for (int i = 0; i < text.length(); i++) {
            hash = (hash ^ text.charAt(i)) * 0x9E3779B97F4A7C15L;
            hash ^= hash >>> 32;
        }
        return (int) hash;
    }

    /**
     * Of keys, sizes and labels in order, and of the class names: a folder and the shards packed from it have the same.
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
