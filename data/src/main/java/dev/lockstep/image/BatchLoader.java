package dev.lockstep.image;

import dev.lockstep.sampling.KeyedRandom;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Loads batches ahead of their use. Loader threads read, decode and augment; callers receive the batches in the order
 * of the requests, with bytes if the transform is {@link BytePixels}. A batch's contents depend only on the dataset, the transform and (seed, epoch, sample index); the
 * number of threads and the read-ahead affect only speed.
 *
 * <p>Memory is bounded: at most {@code readAhead} batches are loading or waiting to be taken, and the buffers of closed
 * batches are reused. {@link #next} rethrows a failure of the dataset, the transform or the requests' iterator
 * unchanged, in its place in the order, and again on every later call.
 */
public final class BatchLoader implements AutoCloseable {
    private static final long STREAM = KeyedRandom.key("augmentation");

    /** Batches whose images are prefetched: at 20 ms, 16 batches of 32 images keep 25,000 images/s coming. */
    private static final int PREFETCHED = 16;

    private final Dataset dataset;
    private final ImageTransform transform;
    private final BadImages badImages;
    private final long seed;
    private final int readAhead;
    private final Iterator<BatchRequest> requests;
    private final BufferPool buffers;
    private final List<Thread> threads = new ArrayList<>();
    private final LongAdder waitNanos = new LongAdder();

    /** Guards what follows; notified when any of them changes. */
    private final Object lock = new Object();

    /** Batches not yet taken, in order. */
    private final ArrayDeque<CompletableFuture<HostBatch>> loading = new ArrayDeque<>();

    /** Batches that a thread is loading, whether already taken or not. */
    private final Set<CompletableFuture<HostBatch>> unfinished = new HashSet<>();

    /** Requests whose images are being prefetched, before a thread claims them. */
    private final ArrayDeque<BatchRequest> upcoming = new ArrayDeque<>();

    private @Nullable Throwable brokenRequests;
    private boolean exhausted;
    private boolean closed;
    private @Nullable Throwable failure;

    /** The failure that ended loading. In order, it comes after all batches that are not yet taken. */
    private @Nullable Throwable broken;

    /** The random stream that augments a sample in an epoch. */
    public static KeyedRandom augmentation(long seed, int epoch, int index) {
        return KeyedRandom.of(STREAM, seed, epoch, index);
    }

    /** Starts loading; the first bad image ends the run. */
    public BatchLoader(
            Dataset dataset,
            ImageTransform transform,
            long seed,
            int threads,
            int readAhead,
            Iterator<BatchRequest> requests) {
        this(dataset, transform, BadImages.refused(), seed, threads, readAhead, requests);
    }

    /**
     * Starts loading.
     *
     * @param badImages what happens to images that cannot be read or decoded
     * @param seed of the recipe
     * @param threads the number of loader threads, at least 1; no other threads are used in the data path
     * @param readAhead the number of batches to read ahead, at least 1; at least {@code threads} keeps all threads busy
     * @param requests the batches to load; called from the loader's threads, one at a time
     */
    public BatchLoader(
            Dataset dataset,
            ImageTransform transform,
            BadImages badImages,
            long seed,
            int threads,
            int readAhead,
            Iterator<BatchRequest> requests) {
        this(dataset, transform, badImages, seed, threads, readAhead, requests, new BufferPool(readAhead + threads));
    }

    /**
     * Starts loading into buffers from a given pool.
     *
     * @param buffers buffers for the batches; consecutive loaders may share a pool
     */
    public BatchLoader(
            Dataset dataset,
            ImageTransform transform,
            BadImages badImages,
            long seed,
            int threads,
            int readAhead,
            Iterator<BatchRequest> requests,
            BufferPool buffers) {
        if (threads < 1 || readAhead < 1) {
            throw new IllegalArgumentException(
                    "threads = " + threads + ", read-ahead = " + readAhead + ": both must be at least 1");
        }
        this.dataset = dataset;
        this.transform = transform;
        this.badImages = badImages;
        this.seed = seed;
        this.readAhead = readAhead;
        this.requests = requests;
        this.buffers = buffers;
        for (int i = 0; i < threads; i++) {
            int number = i;
            Thread thread = new Thread(() -> work(number), "lockstep-loader-" + number);
            thread.setDaemon(true);
            this.threads.add(thread);
        }
        this.threads.forEach(Thread::start);
    }

    /**
     * Returns the batch of the next request, or empty after the last one; waits until the batch is loaded. Several
     * threads may call this concurrently; each batch is returned once. The caller closes it.
     */
    public Optional<HostBatch> next() {
        long start = System.nanoTime();
        try {
            CompletableFuture<HostBatch> first = takeFirst();
            return first == null ? Optional.empty() : Optional.of(first.join());
        } catch (CompletionException e) {
            throw fail(e.getCause() == null ? e : e.getCause());
        } catch (CancellationException e) {
            throw new IllegalStateException("the loader was closed while a batch was awaited", e);
        } finally {
            waitNanos.add(System.nanoTime() - start);
        }
    }

    /**
     * The total time that callers have spent in {@link #next}, in nanoseconds. When it grows, the data path is the
     * bottleneck.
     */
    public long waitNanos() {
        return waitNanos.sum();
    }

    /**
     * Stops the threads, waits for them, and discards batches that were not taken. Batches that were taken stay valid.
     */
    @Override
    public void close() {
        List<CompletableFuture<HostBatch>> left;
        synchronized (lock) {
            closed = true;
            unfinished.forEach(batch -> batch.cancel(false));
            left = List.copyOf(loading);
            loading.clear();
            lock.notifyAll();
        }
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        // Back to the pool, which the next loader may use.
        left.stream()
                .filter(batch -> !batch.isCompletedExceptionally())
                .forEach(batch -> batch.join().close());
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private @Nullable CompletableFuture<HostBatch> takeFirst() {
        synchronized (lock) {
            while (loading.isEmpty() && !exhausted && !closed && failure == null) {
                await();
            }
            if (failure != null) {
                throw BatchLoader.<RuntimeException>asItIs(failure);
            }
            if (closed) {
                throw new IllegalStateException("the loader is closed");
            }
            CompletableFuture<HostBatch> first = loading.poll();
            if (first == null && broken != null) {
                // Another caller took the failed batch and may not have seen the failure yet.
                throw BatchLoader.<RuntimeException>asItIs(broken);
            }
            lock.notifyAll();
            return first;
        }
    }

    private RuntimeException fail(Throwable cause) {
        synchronized (lock) {
            failure = failure == null ? cause : failure;
            lock.notifyAll();
        }
        throw BatchLoader.<RuntimeException>asItIs(cause);
    }

    private void await() {
        try {
            lock.wait();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a batch was awaited", e);
        }
    }

    /** A request and the future of its batch. */
    private record Claim(BatchRequest request, CompletableFuture<HostBatch> batch) {}

    private void work(int thread) {
        for (Claim claim = claim(); claim != null; claim = claim()) {
            boolean good = finish(claim, thread);
            synchronized (lock) {
                unfinished.remove(claim.batch);
                exhausted |= !good;
                lock.notifyAll();
            }
        }
    }

    /** Loads the claimed batch. Returns false when that failed or the loader was closed meanwhile. */
    private boolean finish(Claim claim, int thread) {
        try {
            HostBatch batch = load(claim.request, thread);
            boolean wanted = batch != null && claim.batch.complete(batch);
            if (batch != null && !wanted) {
                batch.close();
            }
            return wanted;
        } catch (Throwable e) {
            setBroken(e);
            claim.batch.completeExceptionally(e);
            return false;
        }
    }

    private void setBroken(Throwable cause) {
        synchronized (lock) {
            broken = broken == null ? cause : broken;
        }
    }

    /** Waits until another batch may be read ahead, then returns the next request; null when there is no more to do. */
    private @Nullable Claim claim() {
        synchronized (lock) {
            while (loading.size() >= readAhead && !closed && !exhausted) {
                await();
            }
            if (closed || exhausted) {
                return null;
            }
            CompletableFuture<HostBatch> batch = new CompletableFuture<>();
            try {
                BatchRequest request = nextRequest();
                if (request != null) {
                    Claim claim = new Claim(request, batch);
                    loading.add(batch);
                    unfinished.add(batch);
                    return claim;
                }
            } catch (Throwable e) {
                setBroken(e);
                batch.completeExceptionally(e);
                loading.add(batch);
            } finally {
                lock.notifyAll();
            }
            exhausted = true;
            return null;
        }
    }

    /** The next request in order, or null after the last one; asks the dataset for the images of those after it. */
    private @Nullable BatchRequest nextRequest() {
        int most = dataset.prefetches() ? PREFETCHED : 1;
        try {
            while (upcoming.size() < most && brokenRequests == null && requests.hasNext()) {
                BatchRequest request = requests.next();
                dataset.prefetch(request.samples());
                upcoming.add(request);
            }
        } catch (Throwable e) {
            brokenRequests = e;
        }
        if (upcoming.isEmpty() && brokenRequests != null) {
            throw BatchLoader.<RuntimeException>asItIs(brokenRequests);
        }
        return upcoming.poll();
    }

    /** The loaded batch, or null when the loader was closed meanwhile. */
    private @Nullable HostBatch load(BatchRequest request, int thread) {
        long started = System.nanoTime();
        int[] samples = request.samples();
        int floats = transform.shape().floats();
        Optional<ByteTransform> bytes =
                transform instanceof BytePixels rounding ? Optional.of(rounding.exact()) : Optional.empty();
        int numbers = Math.multiplyExact(samples.length, floats);
        BufferPool.Memory memory = buffers.take(bytes.isPresent() ? numbers : Math.multiplyExact(numbers, Float.BYTES));
        long[] labels = new long[samples.length];
        List<Integer> replaced = new ArrayList<>();
        for (int i = 0; i < samples.length; i++) {
            if (isClosed()) {
                buffers.give(memory);
                return null;
            }
            int start = i * floats;
            int loaded = badImages.load(samples[i], dataset.size(), index -> {
                KeyedRandom random = augmentation(seed, request.epoch(), index);
                if (bytes.isPresent()) {
                    bytes.get()
                            .applyBytes(
                                    dataset.image(index), random, memory.bytes().position(start));
                } else {
                    transform.apply(
                            dataset.image(index), random, memory.floats().position(start));
                }
            });
            labels[i] = dataset.label(loaded);
            if (loaded != samples[i]) {
                replaced.add(samples[i]);
            }
        }
        memory.bytes().rewind();
        memory.floats().rewind();
        HostBatch.Loading loading = new HostBatch.Loading(thread, started, System.nanoTime());
        return new PooledBatch(
                request,
                transform.shape(),
                memory,
                bytes.map(ByteTransform::normalization),
                labels,
                replaced,
                loading,
                buffers);
    }

    private boolean isClosed() {
        synchronized (lock) {
            return closed;
        }
    }

    @SuppressWarnings("unchecked")
    private static <E extends Throwable> E asItIs(Throwable failure) throws E {
        throw (E) failure;
    }
}
