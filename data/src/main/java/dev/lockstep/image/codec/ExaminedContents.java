package dev.lockstep.image.codec;

import java.util.zip.CRC32C;

/**
 * The contents of image files that were examined and found whole, by length and checksum: to examine one takes a good part of
 * the time of decoding it, and training decodes each many times. A set of numbers, because a million objects would cost a
 * hundred megabytes; it grows up to 16 MiB, enough for ImageNet. Safe for many threads.
 */
final class ExaminedContents {
    private static final int LARGEST = 1 << 21;

    private volatile long[] slots = new long[1 << 8];
    private int used;

    /** What stands for a content; never 0 for one that is not empty. */
    static long key(byte[] bytes) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes);
        return checksum.getValue() << Integer.SIZE | bytes.length;
    }

    /** Asks without a lock: who misses a content that is just being added examines it again. */
    boolean contains(long key) {
        long[] current = slots;
        return current[slot(current, key)] == key;
    }

    synchronized void add(long key) {
        if (4L * used > 3L * slots.length) {
            if (slots.length == LARGEST) {
                return;
            }
            grow();
        }
        int slot = slot(slots, key);
        if (slots[slot] == 0) {
            slots[slot] = key;
            used++;
        }
    }

    private void grow() {
        long[] larger = new long[2 * slots.length];
        for (long key : slots) {
            if (key != 0) {
                larger[slot(larger, key)] = key;
            }
        }
        slots = larger;
    }

    /** Where a key is, or where it would go. */
    private static int slot(long[] slots, long key) {
        long mixed = key * 0x9E3779B97F4A7C15L;
        int slot = (int) (mixed >>> 40) & slots.length - 1;
        while (slots[slot] != 0 && slots[slot] != key) {
            slot = slot + 1 & slots.length - 1;
        }
        return slot;
    }
}
