package dev.lockstep.train;

import dev.lockstep.collective.Collective;
import dev.lockstep.metrics.Event;
import dev.lockstep.topology.Topology;
import dev.lockstep.torch.Device;
import dev.lockstep.train.GradientBuffer.Bucket;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;

/**
 * Sends each bucket to the other processes as soon as this process has its sum, on a separate thread, while lanes still
 * compute. Every process sends buckets in the same order, as collectives require.
 */
final class BucketExchange implements AutoCloseable {
    private final Collective collective;
    private final Device device;
    private final List<Bucket> buckets;
    private final ExecutorService thread;
    /** Per bucket, the partial sum of each root. */
    private List<List<CompletableFuture<Handed>>> local = List.of();

    private List<CompletableFuture<Handed>> global = List.of();
    /** When each bucket of this step was on its way. */
    private final Queue<Event.Span> spans = new ConcurrentLinkedQueue<>();

    BucketExchange(Collective collective, Device device, List<Bucket> buckets) {
        this.collective = collective;
        this.device = device;
        this.buckets = buckets;
        this.thread = Executors.newSingleThreadExecutor(task -> {
            Thread made = new Thread(task, "lockstep-exchange-" + collective.rank());
            made.setDaemon(true);
            return made;
        });
    }

    /** Starts a step. */
    void begin(Topology topology) {
        spans.clear();
        int roots = topology.subtreesOf(collective.rank()).size();
        local = buckets.stream().map(bucket -> futures(roots)).toList();
        global = collective.size() == 1
                ? local.stream().map(sums -> sums.get(0)).toList()
                : reduceInOrder(topology, local);
    }

    private static List<CompletableFuture<Handed>> futures(int count) {
        return Stream.generate(() -> new CompletableFuture<Handed>())
                .limit(count)
                .toList();
    }

    private List<CompletableFuture<Handed>> reduceInOrder(
            Topology topology, List<List<CompletableFuture<Handed>>> own) {
        List<CompletableFuture<Handed>> sums = futures(buckets.size());
        thread.execute(() -> {
            for (int i = 0; i < own.size(); i++) {
                try {
                    List<Handed> partials =
                            own.get(i).stream().map(CompletableFuture::join).toList();
                    long begun = System.nanoTime();
                    Handed sum = reduce(topology, partials);
                    spans.add(new Event.Span("exchange", "bucket " + i, begun, System.nanoTime()));
                    sums.get(i).complete(sum);
                } catch (Throwable failure) {
                    Throwable cause = failure instanceof CompletionException && failure.getCause() != null
                            ? failure.getCause()
                            : failure;
                    sums.forEach(sum -> sum.completeExceptionally(cause));
                    return;
                }
            }
        });
        return sums;
    }

    private Handed reduce(Topology topology, List<Handed> handed) {
        List<Tensor> partials =
                handed.stream().map(partial -> partial.take(device)).toList();
        collective.allReduceSum(device, topology, partials);
        return new Handed(partials.get(0), device.handOver());
    }

    /** Accepts the sum over this process's workers below a root. */
    void onSum(Bucket bucket, int root, Handed sum) {
        local.get(bucket.index()).get(root).complete(sum);
    }

    /** The partial sums of this process, when {@link #await} has returned: the first is now the total. */
    List<Tensor> partials(Bucket bucket) {
        return local.get(bucket.index()).stream()
                .map(partial -> partial.join().tensor())
                .toList();
    }

    /** Whether the step's sums cannot be completed any more. */
    boolean hasFailed() {
        return global.stream().anyMatch(CompletableFuture::isCompletedExceptionally);
    }

    /** Ends the step without sums; waiting threads get the failure. */
    void fail(Throwable cause) {
        local.forEach(sums -> sums.forEach(sum -> sum.completeExceptionally(cause)));
    }

    /** Waits for the sum over all workers. */
    Tensor await(Bucket bucket) {
        try {
            return global.get(bucket.index()).join().take(device);
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            if (e.getCause() instanceof Error cause) {
                throw cause;
            }
            throw e;
        }
    }

    /** When each bucket was on its way to and from the other processes; complete when all sums have arrived. */
    List<Event.Span> spans() {
        return List.copyOf(spans);
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
