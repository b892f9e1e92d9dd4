package dev.lockstep.sampling;

/**
 * The single random shuffle of the whole training set per epoch (paper, Remark 4): a permutation of {@code [0, size)}
 * that depends only on (seed, epoch).
 */
public final class EpochPermutation {
    private static final long STREAM = KeyedRandom.key("epoch-permutation");

    private final int[] order;

    private EpochPermutation(int[] order) {
        this.order = order;
    }

    /** The permutation for an epoch of a dataset of {@code size} samples. */
    public static EpochPermutation of(long seed, int epoch, int size) {
        int[] order = new int[size];
        for (int i = 0; i < size; i++) {
            order[i] = i;
        }
        KeyedRandom random = KeyedRandom.of(STREAM, seed, epoch);
        for (int i = size - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int swapped = order[i];
            order[i] = order[j];
            order[j] = swapped;
        }
        return new EpochPermutation(order);
    }

    public int size() {
        return order.length;
    }

    /** The sample index at a position of the shuffled order. */
    public int at(int position) {
        return order[position];
    }

    /** Returns a copy of {@code length} consecutive sample indices. */
    public int[] slice(int from, int length) {
        int[] part = new int[length];
        System.arraycopy(order, from, part, 0, length);
        return part;
    }
}
