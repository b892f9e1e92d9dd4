package dev.lockstep.topology;

import java.util.ArrayList;
import java.util.List;

/**
 * The fixed binary tree in which the workers' gradient buffers are summed, or the part of it that lies in one process. One
 * rule defines the tree for every k: a range of more than one worker is split in two, and the left half takes ⌈size/2⌉
 * workers.
 *
 * <p>Floating-point sums depend on the order of additions. With this tree the order, and therefore the sum, is the same for
 * every number of processes. A process with a range of consecutive workers can add within the largest subtrees that lie
 * wholly in its range: its roots. {@link Topology#arrivals} tells how the roots of all processes are added.
 *
 * <p>Why halves: an even range splits into equal ones, so for k = 2^a·m the top a levels partition the workers into aligned
 * blocks of equal size. A process that owns such a block has one root, and recursive doubling across processes
 * (distance 1 first) computes exactly the levels above.
 *
 * <p>Leaves are numbered 0 … leaves−1 from the first worker of the process; inner nodes 0 … innerNodes−1, children before
 * parents.
 */
public final class ReductionTree {
    private final int leaves;
    private final int[] leafParent;
    private final int[] nodeParent;
    private int nodes;
    private int roots;

    /**
     * Builds the whole tree for a number of workers; it has one root.
     *
     * @param workers at least 1
     */
    public ReductionTree(int workers) {
        this(workers, 0, workers);
    }

    /**
     * Builds the part of a tree that lies in workers [from, to).
     *
     * @param workers k, the number of leaves of the whole tree
     */
    public ReductionTree(int workers, int from, int to) {
        requireRange(workers, from, to);
        List<Range> subtrees = subtrees(workers, from, to);
        this.leaves = to - from;
        this.leafParent = new int[leaves];
        this.nodeParent = new int[leaves - subtrees.size()];
        for (Range subtree : subtrees) {
            adopt(build(subtree.from() - from, subtree.size()), -1 - roots++);
        }
    }

    private static void requireRange(int workers, int from, int to) {
        if (from < 0 || from >= to || to > workers) {
            throw new IllegalArgumentException(
                    "workers = " + workers + ", from = " + from + ", to = " + to + ": must be a range of workers");
        }
    }

    /** Workers [from, to). */
    public record Range(int from, int to) {
        public int size() {
            return to - from;
        }
    }

    /** The largest subtrees of the tree for {@code workers} that lie wholly in [from, to), from left to right. */
    public static List<Range> subtrees(int workers, int from, int to) {
        requireRange(workers, from, to);
        List<Range> found = new ArrayList<>();
        collect(0, workers, from, to, found);
        return found;
    }

    private static void collect(int start, int size, int from, int to, List<Range> found) {
        if (start >= to || start + size <= from) {
            return;
        }
        if (start >= from && start + size <= to) {
            found.add(new Range(start, start + size));
            return;
        }
        collect(start, leftHalf(size), from, to, found);
        collect(start + leftHalf(size), size - leftHalf(size), from, to, found);
    }

    /** Returns the size of the left half of a range of {@code size} workers. */
    public static int leftHalf(int size) {
        return (size + 1) / 2;
    }

    public int leaves() {
        return leaves;
    }

    public int innerNodes() {
        return nodes;
    }

    /** How many subtrees this part consists of; 1 for a whole tree. */
    public int roots() {
        return roots;
    }

    /** The inner node above a leaf; if the leaf is a root by itself, a negative number of which {@link #root} is known. */
    public int parentOfLeaf(int leaf) {
        return leafParent[leaf];
    }

    /** The inner node above an inner node; for a root, a negative number of which {@link #root} is known. */
    public int parentOfNode(int node) {
        return nodeParent[node];
    }

    /** The number of a root, from 0, that has the negative {@code parent}. */
    public static int root(int parent) {
        return -1 - parent;
    }

    /** Sums one number per leaf in the order of the tree. Every tensor sum must match this bit for bit. */
    public static float sum(float[] values) {
        if (values.length == 0) {
            throw new IllegalArgumentException("values = []: a tree has at least one leaf");
        }
        return sum(values, 0, values.length);
    }

    private static float sum(float[] values, int from, int size) {
        if (size == 1) {
            return values[from];
        }
        int left = leftHalf(size);
        return sum(values, from, left) + sum(values, from + left, size - left);
    }

    /** Builds a subtree in post-order; returns its node, or −1 − leaf for a single leaf. */
    private int build(int from, int size) {
        if (size == 1) {
            return -1 - from;
        }
        int left = build(from, leftHalf(size));
        int right = build(from + leftHalf(size), size - leftHalf(size));
        int node = nodes++;
        adopt(left, node);
        adopt(right, node);
        return node;
    }

    private void adopt(int child, int parent) {
        if (child >= 0) {
            nodeParent[child] = parent;
        } else {
            leafParent[-1 - child] = parent;
        }
    }
}
