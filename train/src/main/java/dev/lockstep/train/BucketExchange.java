package dev.lockstep.train;

import dev.lockstep.collective.Collective;
import dev.lockstep.torch.Device;
import dev.lockstep.train.GradientBuffer.Bucket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
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
    private List<CompletableFuture<Tensor>> local = List.of();
    private List<CompletableFuture<Tensor>> global = List.of();

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
    void begin() {
        local = futures();
        global = collective.size() == 1 ? local : reduceInOrder(local);
    }

    private List<CompletableFuture<Tensor>> futures() {
        List<CompletableFuture<Tensor>> futures = new ArrayList<>();
        buckets.forEach(bucket -> futures.add(new CompletableFuture<>()));
        return futures;
    }

    private List<CompletableFuture<Tensor>> reduceInOrder(List<CompletableFuture<Tensor>> own) {
        List<CompletableFuture<Tensor>> sums = futures();
        thread.execute(() -> {
            for (int i = 0; i < own.size(); i++) {
                try {
                    sums.get(i).complete(reduce(own.get(i).join()));
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

    private Tensor reduce(Tensor sum) {
        device.onHost(sum, collective::allReduceSum);
        device.handOver();
        return sum;
    }

    /** Accepts the sum over this process's workers. */
    void onBucket(Bucket bucket, Tensor sum) {
        local.get(bucket.index()).complete(sum);
    }

    /** Ends the step without sums; waiting threads get the failure. */
    void fail(Throwable cause) {
        local.forEach(sum -> sum.completeExceptionally(cause));
    }

    /** Waits for the sum over all workers. */
    Tensor await(Bucket bucket) {
        try {
            return global.get(bucket.index()).join();
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

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
