package dev.lockstep.image.codec;

import java.util.zip.CRC32C;

/**
 * Remembers image files that were examined and found intact, by length and checksum: an examination takes a
 * considerable part of the time of decoding, and training decodes each image many times. It is a set of primitive
 * numbers, because a million objects would take a hundred megabytes, and grows to at most 16 MiB, enough for ImageNet.
 * Thread-safe.
 */
final class ExaminedContents {
    private static final int LARGEST = 1 << 21;

    private volatile long[] slots = new long[1 << 8];
    private int used;

    /** The key of a file's contents; never 0 unless the file is empty. */
    static long key(byte[] bytes) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes);
        return checksum.getValue() << Integer.SIZE | bytes.length;
    }

    /** Reads without a lock. A thread that misses an entry being added merely examines that file again. */
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

    /** The slot of a key, or the free slot in which it would be stored. */
    private static int slot(long[] slots, long key) {
        long mixed = key * 0x9E3779B97F4A7C15L;
        int slot = (int) (mixed >>> 40) & slots.length - 1;
        while (slots[slot] != 0 && slots[slot] != key) {
            slot = slot + 1 & slots.length - 1;
        }
        return slot;
    }
}
