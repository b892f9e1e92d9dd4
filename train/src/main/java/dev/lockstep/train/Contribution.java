package dev.lockstep.train;

import dev.lockstep.model.ParameterLayout;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * What a worker adds to a step, as one flat buffer: {@code [gradients | batch-norm statistics | loss and counts]}, cut
 * into buckets that travel on their own. The statistics and the counts ride in the last bucket, so they cost no message.
 */
final class Contribution {
    /** In the tail: the worker's mean loss divided by k. Summed over the workers, the mean loss of the minibatch. */
    static final int LOSS = 0;
    /** In the tail: images classified wrongly. */
    static final int WRONG = 1;
    /** In the tail: the squared norm of the worker's own gradient, of its mean loss. */
    static final int SQUARED_NORM = 2;

    /** In the tail: above zero when some process was asked to stop after this step. */
    static final int STOP = 3;

    /** In the tail: images that were bad and have been replaced. */
    static final int REPLACED = 4;

    static final int TAIL = 16;

    private final ParameterLayout layout;
    private final List<Bucket> buckets;
    private final int[] bucketOfSlot;

    /**
     * Floats [from, to) of the contribution.
     *
     * @param index its place in the order of travel
     * @param gradients how many of its floats are gradients
     * @param decayed how many of its floats, from the first, are gradients of decayed parameters
     */
    record Bucket(int index, long from, long to, long gradients, long decayed) {
        long length() {
            return to - from;
        }

        Tensor of(Tensor contribution) {
            return contribution.narrow(0, from, length());
        }

        /** This bucket's part of a buffer of parameters or momentum. */
        Tensor ofParameters(Tensor parameters) {
            return parameters.narrow(0, from, gradients);
        }
    }

    /**
     * @param bucketFloats a bucket is closed when it has at least this many floats
     */
    Contribution(ParameterLayout layout, long bucketFloats) {
        this.layout = layout;
        List<Long> ends = new ArrayList<>();
        long from = 0;
        this.bucketOfSlot = new int[layout.slots().size()];
        for (int i = 0; i < bucketOfSlot.length; i++) {
            ParameterLayout.Slot slot = layout.slots().get(i);
            boolean decays = slot.offset() < layout.decayed();
            if (decays && slot.offset() - from >= bucketFloats) {
                ends.add(slot.offset());
                from = slot.offset();
            }
            bucketOfSlot[i] = ends.size();
        }
        ends.add(floats());
        this.buckets = cut(ends);
    }

    private List<Bucket> cut(List<Long> ends) {
        List<Bucket> cut = new ArrayList<>();
        long from = 0;
        for (long to : ends) {
            long gradients = Math.min(to, layout.parameters()) - from;
            long decayed = Math.max(0, Math.min(to, layout.decayed()) - from);
            cut.add(new Bucket(cut.size(), from, to, gradients, decayed));
            from = to;
        }
        return List.copyOf(cut);
    }

    /** The length of a contribution. */
    long floats() {
        return layout.parameters() + layout.statistics() + TAIL;
    }

    long tailOffset() {
        return layout.parameters() + layout.statistics();
    }

    List<Bucket> buckets() {
        return buckets;
    }

    /** The bucket in which the gradient of a parameter travels. */
    int bucketOf(int slot) {
        return bucketOfSlot[slot];
    }

    int slots() {
        return bucketOfSlot.length;
    }

    Tensor statistics(Tensor lastBucket) {
        Bucket last = buckets.get(buckets.size() - 1);
        return lastBucket.narrow(0, layout.parameters() - last.from, layout.statistics());
    }

    Tensor tail(Tensor lastBucket) {
        Bucket last = buckets.get(buckets.size() - 1);
        return lastBucket.narrow(0, tailOffset() - last.from, TAIL);
    }
}
