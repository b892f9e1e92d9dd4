package dev.lockstep.plan;

import dev.lockstep.network.NetworkShape;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/**
 * When the gradients of a network are ready during the backward pass, bucket by bucket. The last layers come first; a
 * layer takes time in proportion to its operations. Batch norm's γ and β and all statistics travel in the last bucket.
 */
final class BackwardProfile {
    private final List<Bucket> buckets;

    /**
     * @param readyAt the fraction of the backward pass after which the bucket is full
     */
    record Bucket(double bytes, double readyAt) {}

    private BackwardProfile(List<Bucket> buckets) {
        this.buckets = List.copyOf(buckets);
    }

    /**
     * @param bucketBytes a bucket is sent when it has at least this many
     */
    static BackwardProfile of(NetworkShape shape, double bucketBytes) {
        List<Bucket> buckets = new ArrayList<>();
        double total = shape.forwardFlops();
        double done = 0;
        double filled = 0;
        for (int i = shape.layers().size() - 1; i >= 0; i--) {
            NetworkShape.Layer layer = shape.layers().get(i);
            done += layer.flops();
            filled += Float.BYTES * (double) layer.weights();
            if (filled >= bucketBytes && i > 0) {
                buckets.add(new Bucket(filled, done / total));
                filled = 0;
            }
        }
        double sent = buckets.stream().mapToDouble(Bucket::bytes).sum();
        buckets.add(new Bucket(Traffic.contributionBytes(shape) - sent, 1));
        return new BackwardProfile(buckets);
    }

    List<Bucket> buckets() {
        return buckets;
    }

    /**
     * The communication that the backward pass cannot hide: the time from its end until the last bucket has arrived,
     * if buckets are sent one after another as they fill.
     *
     * @param transfer seconds for a number of bytes
     */
    double exposedSeconds(double backwardSeconds, DoubleUnaryOperator transfer) {
        double free = 0;
        for (Bucket bucket : buckets) {
            free = Math.max(free, bucket.readyAt * backwardSeconds) + transfer.applyAsDouble(bucket.bytes);
        }
        return Math.max(0, free - backwardSeconds);
    }

    double totalSeconds(DoubleUnaryOperator transfer) {
        return buckets.stream()
                .mapToDouble(bucket -> transfer.applyAsDouble(bucket.bytes))
                .sum();
    }
}
