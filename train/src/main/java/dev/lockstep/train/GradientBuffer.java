package dev.lockstep.train;

import dev.lockstep.model.ParameterLayout;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * The layout of a gradient buffer: one flat float32 vector with everything that a worker contributes to a step. Summed
 * over all workers, it holds everything that the step needs.
 *
 * <pre>
 * [ gradients of decayed parameters | of the others | batch-norm means and variances | tail ]
 *   └ bucket 0 ┘└ bucket 1 ┘ …      └────────────────── last bucket ─────────────────────┘
 * </pre>
 *
 * <p>Gradients are in the order of {@link ParameterLayout}, roughly the order in which backward computes them.
 * They are divided into <em>buckets</em> that are sent separately, so that the first are sent while backward
 * continues. A bucket never splits a parameter.
 *
 * <p>The <em>tail</em> holds the numbers of the step, one float each: {@link #LOSS} to {@link #CHANGE}. It
 * is sent in the last bucket, as are the statistics, so neither costs a message. Workers write it with tensor
 * operations; the host reads the tail of the sum once per step, see {@link Totals}.
 */
final class GradientBuffer {
    /** In the tail: the worker's mean loss divided by k. Summed over the workers, the mean loss of the minibatch. */
    static final int LOSS = 0;
    /** In the tail: images classified wrongly. */
    static final int WRONG = 1;
    /** In the tail: |g|² of the worker's own gradient, of its mean loss, divided by k. Summed, the mean over workers. */
    static final int SQUARED_NORM = 2;
    /** In the tail: above zero if a process was asked to stop after this step. */
    static final int STOP = 3;
    /** In the tail: bad images that were replaced. */
    static final int REPLACED = 4;
    /** In the tail: above zero if the group is to change after this step. */
    static final int CHANGE = 6;
    /** In the tail, written after the sum over all workers: |g|² of the aggregated gradient, before weight decay. */
    static final int AGGREGATE_SQUARED_NORM = 5;

    /** Floats of the tail, a multiple of 16 as all regions are. */
    static final int TAIL = 16;

    private final ParameterLayout layout;
    private final List<Bucket> buckets;
    private final int[] bucketOfSlot;

    /**
     * Floats [from, to) of the buffer.
     *
     * @param index its position in the order of sending
     * @param gradients how many of its floats are gradients
     * @param decayed how many of its floats, from the first, are gradients of decayed parameters
     */
    record Bucket(int index, long from, long to, long gradients, long decayed) {
        long length() {
            return to - from;
        }

        /** The view of this bucket in a gradient buffer. */
        Tensor of(Tensor buffer) {
            return buffer.narrow(0, from, length());
        }

        /** The gradients in a tensor that holds this bucket. */
        Tensor gradientsOf(Tensor bucket) {
            return bucket.narrow(0, 0, gradients);
        }

        /** This bucket's part of a buffer of parameters or momentum. */
        Tensor ofParameters(Tensor parameters) {
            return parameters.narrow(0, from, gradients);
        }
    }

    /**
     * The tail of the sum over all workers, as read by the host; equal on every process.
     *
     * @param loss mean over the kn images
     * @param wrong images classified wrongly, of kn
     * @param workerSquaredNorm mean over workers of |g|² of their own gradients
     * @param squaredNorm |g|² of the aggregated gradient, before weight decay
     * @param replaced bad images that were replaced, of kn
     * @param stop whether any process was asked to stop
     * @param change whether the group is to change
     */
    record Totals(
            double loss,
            long wrong,
            double workerSquaredNorm,
            double squaredNorm,
            long replaced,
            boolean stop,
            boolean change) {
        static Totals of(float[] tail) {
            return new Totals(
                    tail[LOSS],
                    (long) tail[WRONG],
                    tail[SQUARED_NORM],
                    tail[AGGREGATE_SQUARED_NORM],
                    (long) tail[REPLACED],
                    tail[STOP] > 0,
                    tail[CHANGE] > 0);
        }

        /** A non-finite loss or gradient of one worker stays non-finite in every sum. */
        boolean isFinite() {
            return Double.isFinite(loss) && Double.isFinite(squaredNorm);
        }
    }

    /**
     * @param bucketFloats a bucket is closed when it has at least this many floats
     */
    GradientBuffer(ParameterLayout layout, long bucketFloats) {
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
        this.buckets = buckets(ends);
    }

    private List<Bucket> buckets(List<Long> ends) {
        List<Bucket> found = new ArrayList<>();
        long from = 0;
        for (long to : ends) {
            long gradients = Math.min(to, layout.parameters()) - from;
            long decayed = Math.max(0, Math.min(to, layout.decayed()) - from);
            found.add(new Bucket(found.size(), from, to, gradients, decayed));
            from = to;
        }
        return List.copyOf(found);
    }

    /** The length of a buffer. */
    long floats() {
        return layout.parameters() + layout.statistics() + TAIL;
    }

    List<Bucket> buckets() {
        return buckets;
    }

    Bucket lastBucket() {
        return buckets.get(buckets.size() - 1);
    }

    /** The bucket that contains the gradient of a parameter. */
    int bucketOf(int slot) {
        return bucketOfSlot[slot];
    }

    int slots() {
        return bucketOfSlot.length;
    }

    /** The gradients in a whole buffer, in the layout of the parameters. */
    Tensor gradients(Tensor buffer) {
        return buffer.narrow(0, 0, layout.parameters());
    }

    /** The batch-norm statistics in a tensor that holds the last bucket. */
    Tensor statistics(Tensor lastBucket) {
        return lastBucket.narrow(0, layout.parameters() - lastBucket().from, layout.statistics());
    }

    /** The tail in a tensor that holds the last bucket. */
    Tensor tail(Tensor lastBucket) {
        return lastBucket.narrow(0, tailOffset() - lastBucket().from, TAIL);
    }

    /** One number of a tail, as a vector of one element. */
    static Tensor number(Tensor tail, int position) {
        return tail.narrow(0, position, 1);
    }

    private long tailOffset() {
        return layout.parameters() + layout.statistics();
    }
}
