package dev.lockstep.image.format;

import dev.lockstep.image.Fingerprint;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * A growing table of samples: key, size in bytes, label. Keys lie end to end in one array, because a million strings would
 * cost a hundred megabytes.
 */
final class Samples {
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
