package dev.lockstep.sampling;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The single random shuffle of the whole training set per epoch (paper, Remark 4): a permutation of {@code [0, size)}
 * that depends only on (seed, epoch).
 */
public final class EpochPermutation {
    private static final long STREAM = KeyedRandom.key("epoch-permutation");
    private static final long BALANCED = KeyedRandom.key("balanced-epoch");

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
        shuffle(order, KeyedRandom.of(STREAM, seed, epoch));
        return new EpochPermutation(order);
    }

    /**
     * An epoch with as many samples as there are, and of each class as many as of any other, or one more. The samples of a
     * small class come several times, all equally often or once more; of a large class, a part comes, another in each
     * epoch. Depends only on (seed, epoch, labels).
     *
     * @param labels the class of each sample; classes without samples do not count
     */
    public static EpochPermutation balanced(long seed, int epoch, int[] labels) {
        int[][] members = members(labels);
        int[] classes = IntStream.range(0, members.length)
                .filter(c -> members[c].length > 0)
                .toArray();
        shuffle(classes, KeyedRandom.of(BALANCED, seed, epoch, 0));
        int[] order = new int[labels.length];
        int filled = 0;
        for (int i = 0; i < classes.length; i++) {
            int end = (int) ((long) labels.length * (i + 1) / classes.length);
            for (int round = 0; filled < end; round++) {
                int[] shuffled = members[classes[i]].clone();
                shuffle(shuffled, KeyedRandom.of(BALANCED, seed, epoch, 1, classes[i], round));
                int taken = Math.min(shuffled.length, end - filled);
                System.arraycopy(shuffled, 0, order, filled, taken);
                filled += taken;
            }
        }
        shuffle(order, KeyedRandom.of(BALANCED, seed, epoch, 2));
        return new EpochPermutation(order);
    }

    /** The samples of each class, ascending. */
    private static int[][] members(int[] labels) {
        int[] counts = new int[Arrays.stream(labels).max().orElse(-1) + 1];
        Arrays.stream(labels).forEach(label -> counts[label]++);
        int[][] members = Arrays.stream(counts).mapToObj(int[]::new).toArray(int[][]::new);
        for (int i = labels.length - 1; i >= 0; i--) {
            members[labels[i]][--counts[labels[i]]] = i;
        }
        return members;
    }

    private static void shuffle(int[] values, KeyedRandom random) {
        for (int i = values.length - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int swapped = values[i];
            values[i] = values[j];
            values[j] = swapped;
        }
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
