package dev.lockstep.topology;

/**
 * The fixed binary tree in which the workers' gradient buffers are summed. One rule defines it for every k: a range of
 * more than one worker is split in two, and the left half takes ⌈size/2⌉ workers.
 *
 * <p>Why this rule: an even range splits into equal halves, so for k = 2^a·m the top a levels partition the workers
 * into aligned blocks of equal size. A process that owns such a block computes one subtree, and recursive doubling
 * across processes (distance 1 first) computes exactly the levels above. Floating-point sums depend on the order of
 * additions; with this tree that order, and therefore the sum, is the same for every number of processes P that is a
 * power of two and divides k.
 *
 * <p>Leaves are numbered 0 … leaves−1; inner nodes 0 … leaves−2, with the root last.
 */
public final class ReductionTree {
    /** The value returned as the root's parent. */
    public static final int NONE = -1;

    private final int leaves;
    private final int[] leafParent;
    private final int[] nodeParent;
    private int nodes;

    /**
     * Builds the tree for a number of workers.
     *
     * @param leaves the number of workers, at least 1
     */
    public ReductionTree(int leaves) {
        if (leaves < 1) {
            throw new IllegalArgumentException("leaves = " + leaves + ": must be at least 1");
        }
        this.leaves = leaves;
        this.leafParent = new int[leaves];
        this.nodeParent = new int[leaves - 1];
        int root = build(0, leaves);
        if (root >= 0) {
            nodeParent[root] = NONE;
        } else {
            leafParent[0] = NONE;
        }
    }

    /** Returns the size of the left half of a range of {@code size} workers. */
    public static int leftHalf(int size) {
        return (size + 1) / 2;
    }

    public int leaves() {
        return leaves;
    }

    public int innerNodes() {
        return leaves - 1;
    }

    /** The inner node above a leaf, or {@link #NONE} when the leaf is the whole tree. */
    public int parentOfLeaf(int leaf) {
        return leafParent[leaf];
    }

    /** The inner node above an inner node, or {@link #NONE} for the root. */
    public int parentOfNode(int node) {
        return nodeParent[node];
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

    /** Builds the subtree of a range in post-order; returns its node, or −1 − leaf for a single leaf. */
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
