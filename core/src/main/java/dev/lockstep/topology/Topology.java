package dev.lockstep.topology;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.topology.ReductionTree.Range;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Assigns workers to processes: each process owns a range of consecutive workers, in the order of the ranks. Any division
 * gives the same bits, since {@link #arrivals} is the upper part of the {@link ReductionTree}; it decides only how much is
 * computed and sent where.
 */
public final class Topology {
    /** The first worker of each process, then k. */
    private final int[] starts;

    private final List<Arrival> arrivals;
    private final boolean balanced;

    /**
     * A partial sum on its way up the tree. The partial sums of all processes are taken from left to right; after each,
     * the last two sums are replaced by their sum {@code additions} times. At the end one is left.
     *
     * @param rank the process that has it
     * @param root its number among those of the process, see {@link ReductionTree#roots}
     */
    public record Arrival(int rank, int root, int additions) {}

    private Topology(int[] starts) {
        this.starts = starts;
        List<Arrival> found = new ArrayList<>();
        arrive(0, workers(), 0, found);
        this.arrivals = List.copyOf(found);
        this.balanced = computeBalanced();
    }

    /**
     * Divides the workers so that no process gets more than ⌈k/P⌉.
     *
     * <p>Where that leaves a choice, few partial sums travel: processes are halved as the workers are, and each cut is made
     * where the largest subtree begins, among the positions that leave no process too many workers. If P is a power of two
     * that divides k, each process owns one subtree.
     *
     * @param workers k, the number of logical workers in the recipe
     * @param processes P, the number of processes that run them
     * @throws LockstepException of kind RECIPE when {@code processes} is larger than {@code workers}
     */
    public static Topology equal(int workers, int processes) {
        requirePositive(workers, processes);
        if (processes > workers) {
            throw LockstepException.recipe(
                    "procs = " + processes + " is larger than workers = " + workers,
                    "a process needs at least one worker",
                    "use procs ≤ " + workers);
        }
        int[] most = new int[processes];
        Arrays.fill(most, (workers + processes - 1) / processes);
        return within(workers, most);
    }

    /**
     * Divides the workers so that each process gets at least one and at most as many as given; otherwise as {@link #equal}.
     *
     * @param most by rank, at least 1; together at least {@code workers}
     */
    static Topology within(int workers, int[] most) {
        int processes = most.length;
        long[] mostBefore = new long[processes + 1];
        for (int rank = 0; rank < processes; rank++) {
            mostBefore[rank + 1] = mostBefore[rank] + most[rank];
        }
        int[] starts = new int[processes + 1];
        starts[processes] = workers;
        cut(starts, 0, processes, mostBefore, workers);
        return new Topology(starts);
    }

    /**
     * Divides the workers as given.
     *
     * @param sizes how many workers each process gets, by rank
     * @throws LockstepException of kind RECIPE when a size is less than 1 or they do not add up to {@code workers}
     */
    public static Topology of(int workers, List<Integer> sizes) {
        requirePositive(workers, sizes.size());
        String words = sizes.stream().map(String::valueOf).collect(Collectors.joining(","));
        long sum = sizes.stream().mapToLong(Integer::longValue).sum();
        if (sum != workers || sizes.stream().anyMatch(size -> size < 1)) {
            throw LockstepException.recipe(
                    "the workers of the processes add up to " + sum + ", or a process has none",
                    "worker-split = " + words + ", workers = " + workers,
                    "give each process at least one worker, " + workers + " in all");
        }
        int[] starts = new int[sizes.size() + 1];
        for (int rank = 0; rank < sizes.size(); rank++) {
            starts[rank + 1] = starts[rank] + sizes.get(rank);
        }
        return new Topology(starts);
    }

    private static void requirePositive(int workers, int processes) {
        if (workers < 1 || processes < 1) {
            throw new IllegalArgumentException(
                    "workers = " + workers + ", processes = " + processes + ": both must be at least 1");
        }
    }

    /** Divides the workers between processes [low, high), whose ends are known. */
    private static void cut(int[] starts, int low, int high, long[] mostBefore, int workers) {
        if (high - low == 1) {
            return;
        }
        int middle = low + (high - low + 1) / 2;
        long first = Math.max(starts[low] + (middle - low), starts[high] - (mostBefore[high] - mostBefore[middle]));
        long last = Math.min(starts[high] - (high - middle), starts[low] + (mostBefore[middle] - mostBefore[low]));
        starts[middle] = highestSplit(workers, (int) first, (int) last);
        cut(starts, low, middle, mostBefore, workers);
        cut(starts, middle, high, mostBefore, workers);
    }

    /** The position in [first, last] at which the tree splits at the highest level. */
    private static int highestSplit(int workers, int first, int last) {
        int start = 0;
        int size = workers;
        while (true) {
            int split = start + ReductionTree.leftHalf(size);
            if (split < first) {
                size -= split - start;
                start = split;
            } else if (split > last) {
                size = split - start;
            } else {
                return split;
            }
        }
    }

    /** @param open how many sums wait to be added when this subtree is complete: those of which it is the last part */
    private void arrive(int start, int size, int open, List<Arrival> found) {
        int rank = ownerOf(start);
        if (start + size <= starts[rank + 1]) {
            Arrival last = found.isEmpty() ? new Arrival(-1, 0, 0) : found.get(found.size() - 1);
            found.add(new Arrival(rank, last.rank() == rank ? last.root() + 1 : 0, open));
            return;
        }
        int left = ReductionTree.leftHalf(size);
        arrive(start, left, 0, found);
        arrive(start + left, size - left, open + 1, found);
    }

    /** k, the number of workers. */
    public int workers() {
        return starts[starts.length - 1];
    }

    /** P, the number of processes. */
    public int processes() {
        return starts.length - 1;
    }

    /** The first worker of a process. */
    public int firstWorker(int rank) {
        return starts[rank];
    }

    /** The number of workers of a process. */
    public int workersOf(int rank) {
        return starts[rank + 1] - starts[rank];
    }

    /** The number of workers of each process, by rank. */
    public List<Integer> sizes() {
        List<Integer> sizes = new ArrayList<>();
        for (int rank = 0; rank < processes(); rank++) {
            sizes.add(workersOf(rank));
        }
        return sizes;
    }

    /** The largest number of workers that a process has. */
    public int mostWorkers() {
        int most = 0;
        for (int rank = 0; rank < processes(); rank++) {
            most = Math.max(most, workersOf(rank));
        }
        return most;
    }

    /** The rank of the process that runs a worker. */
    public int ownerOf(int worker) {
        int at = Arrays.binarySearch(starts, worker);
        return at >= 0 ? at : -at - 2;
    }

    /** The part of the reduction tree that lies in a process. */
    public ReductionTree treeOf(int rank) {
        return new ReductionTree(workers(), starts[rank], starts[rank + 1]);
    }

    /** The subtrees whose sums a process sends, from left to right. */
    public List<Range> subtreesOf(int rank) {
        return ReductionTree.subtrees(workers(), starts[rank], starts[rank + 1]);
    }

    /** The partial sums of all processes, in the order in which they are added. */
    public List<Arrival> arrivals() {
        return arrivals;
    }

    /** How many sums at most wait to be added, when partial sums are taken in the order of {@link #arrivals}. */
    public int mostWaiting() {
        int waiting = 0;
        int most = 0;
        for (Arrival arrival : arrivals) {
            most = Math.max(most, ++waiting);
            waiting -= arrival.additions();
        }
        return most;
    }

    /**
     * Whether every process has one partial sum and P is a power of two whose sums form a complete binary tree: the order in
     * which recursive doubling and halving add.
     */
    public boolean isBalanced() {
        return balanced;
    }

    private boolean computeBalanced() {
        if (arrivals.size() != processes() || Integer.bitCount(processes()) != 1) {
            return false;
        }
        for (int i = 0; i < arrivals.size(); i++) {
            if (arrivals.get(i).additions() != Integer.numberOfTrailingZeros(i + 1)) {
                return false;
            }
        }
        return true;
    }

    /**
     * What the busiest process sends in one all-reduce, as a multiple of the buffer's size. Balanced divisions send 2 (P −
     * 1)/P. Others send each partial sum to the owners of the P segments, and the total of the own segment to all: with r
     * partial sums (r + 1)(P − 1)/P.
     */
    public double traffic() {
        int most = isBalanced()
                ? 1
                : arrivals.stream()
                        .mapToInt(arrival -> arrival.root() + 1)
                        .max()
                        .orElse(1);
        return (most + 1.0) * (processes() - 1) / processes();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Topology topology && Arrays.equals(starts, topology.starts);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(starts);
    }

    @Override
    public String toString() {
        return "workers = " + workers() + " divided " + sizes();
    }
}
