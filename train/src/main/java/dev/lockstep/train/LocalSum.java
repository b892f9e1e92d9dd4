package dev.lockstep.train;

import dev.lockstep.topology.ReductionTree;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.StepScope;
import dev.lockstep.train.GradientBuffer.Bucket;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.bytedeco.pytorch.Tensor;

/**
 * Sums the gradient buffers of the workers of one process, bucket by bucket, in the order of the {@link ReductionTree}
 * regardless of the order in which lanes finish. The result is one partial sum for each root of the process's part of the
 * tree.
 *
 * <p>A lane that has filled a bucket for a worker climbs from the worker's leaf: if the sibling's sum is missing,
 * it stores its own and stops; otherwise the lane adds the two and climbs on. So no lane ever waits, additions happen
 * while other lanes compute, the data is still in the cache of the core that made it, and about as many partial sums exist
 * at a time as the tree has levels, because workers start in order (each lane that is late by many workers adds up to as
 * many again). A sum a + b has the same bits as b + a, so the order of arrival does not matter.
 *
 * <p>The lane that completes a root hands its sum to {@link Completion}. With one worker, this is the lane's own buffer.
 */
final class LocalSum {
    /** Receives the sum of a bucket over the workers below a root; called by the lane that completed it. */
    @FunctionalInterface
    interface Completion {
        void onSum(Bucket bucket, int root, Handed sum);
    }

    private ReductionTree tree;
    private final Device device;
    private final Completion completion;
    /** A half-finished node's first child, by bucket and node. */
    private final List<AtomicReferenceArray<Handed>> waiting = new ArrayList<>();

    private final List<ConcurrentLinkedQueue<Handed>> free = new ArrayList<>();
    /** Every buffer. */
    private final Queue<Tensor> made = new ConcurrentLinkedQueue<>();

    /** @param tree the part of the tree that lies in this process */
    LocalSum(ReductionTree tree, Device device, List<Bucket> buckets, Completion completion) {
        this.tree = tree;
        this.device = device;
        this.completion = completion;
        for (int b = 0; b < buckets.size(); b++) {
            waiting.add(new AtomicReferenceArray<>(tree.innerNodes()));
            free.add(new ConcurrentLinkedQueue<>());
        }
    }

    /**
     * Adds one worker's bucket to the sum.
     *
     * @param leaf the worker's number within this process
     * @param part the bucket in the lane's buffer: read only, and only until this returns, unless it is the only leaf
     */
    void add(int leaf, Bucket bucket, Tensor part) {
        if (tree.leaves() == 1) {
            completion.onSum(bucket, 0, new Handed(part, device.handOver()));
            return;
        }
        int node = tree.parentOfLeaf(leaf);
        AtomicReferenceArray<Handed> nodes = waiting.get(bucket.index());
        Handed sum = node < 0 ? null : nodes.getAndSet(node, null);
        if (sum == null) {
            Tensor copy = acquire(bucket);
            copy.copy_(part);
            climb(node, nodes, new Handed(copy, device.handOver()), bucket);
        } else {
            Tensor taken = sum.take(device);
            taken.add_(part);
            climb(tree.parentOfNode(node), nodes, new Handed(taken, device.handOver()), bucket);
        }
    }

    /** @param first the node above the sum, or a negative number that tells its root */
    private void climb(int first, AtomicReferenceArray<Handed> nodes, Handed complete, Bucket bucket) {
        Handed sum = complete;
        int node = first;
        while (node >= 0) {
            if (nodes.compareAndSet(node, null, sum)) {
                return;
            }
            sum = merge(nodes.getAndSet(node, null), sum, bucket);
            node = tree.parentOfNode(node);
        }
        completion.onSum(bucket, ReductionTree.root(node), sum);
    }

    /** @param second of this thread */
    private Handed merge(Handed first, Handed second, Bucket bucket) {
        Tensor sum = first.take(device);
        sum.add_(second.tensor());
        Handed merged = new Handed(sum, device.handOver());
        free.get(bucket.index()).add(new Handed(second.tensor(), merged.ready()));
        return merged;
    }

    private Tensor acquire(Bucket bucket) {
        Handed reused = free.get(bucket.index()).poll();
        if (reused != null) {
            return reused.take(device);
        }
        Tensor fresh = StepScope.keep(device.zeros(bucket.length()));
        made.add(fresh);
        return fresh;
    }

    /**
     * From the next step on, sums the workers of another part of the tree. Frees the buffers of the previous one, also those
     * of a step that was given up; no lane may be computing.
     */
    void divide(ReductionTree next) {
        tree = next;
        device.settle();
        made.forEach(Tensor::close);
        made.clear();
        free.forEach(ConcurrentLinkedQueue::clear);
        waiting.replaceAll(nodes -> new AtomicReferenceArray<>(next.innerNodes()));
    }

    /** Returns the memory of a completed sum that is no longer read. The buffer of a lane is ignored. */
    void release(Bucket bucket, Tensor sum) {
        if (tree.leaves() > 1) {
            free.get(bucket.index()).add(new Handed(sum, device.handOver()));
        }
    }
}
