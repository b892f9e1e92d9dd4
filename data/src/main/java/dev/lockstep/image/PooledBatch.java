package dev.lockstep.image;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A loaded batch. Closing it returns its buffer to the loader's pool. */
final class PooledBatch implements HostBatch {
    private final BatchRequest request;
    private final ImageShape shape;
    private final AtomicReference<@Nullable FloatBuffer> pixels;
    private final long[] labels;
    private final List<Integer> replaced;
    private final Loading loading;
    private final BufferPool pool;

    PooledBatch(
            BatchRequest request,
            ImageShape shape,
            FloatBuffer pixels,
            long[] labels,
            List<Integer> replaced,
            Loading loading,
            BufferPool pool) {
        this.request = request;
        this.shape = shape;
        this.pixels = new AtomicReference<>(pixels);
        this.labels = labels;
        this.replaced = List.copyOf(replaced);
        this.loading = loading;
        this.pool = pool;
    }

    @Override
    public BatchRequest request() {
        return request;
    }

    @Override
    public ImageShape shape() {
        return shape;
    }

    @Override
    public FloatBuffer pixels() {
        FloatBuffer buffer = pixels.get();
        if (buffer == null) {
            throw new IllegalStateException("the batch of step " + request.step() + " was closed");
        }
        return buffer;
    }

    @Override
    public long[] labels() {
        return labels;
    }

    @Override
    public List<Integer> replaced() {
        return replaced;
    }

    @Override
    public Optional<Loading> loading() {
        return Optional.of(loading);
    }

    /** May be called more than once. */
    @Override
    public void close() {
        FloatBuffer buffer = pixels.getAndSet(null);
        if (buffer != null) {
            pool.give(buffer);
        }
    }
}
