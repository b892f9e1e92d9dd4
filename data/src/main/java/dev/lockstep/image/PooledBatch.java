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
    private final AtomicReference<BufferPool.@Nullable Memory> memory;
    private final Optional<Normalization> normalization;
    private final long[] labels;
    private final List<Integer> replaced;
    private final Loading loading;
    private final BufferPool pool;

    PooledBatch(
            BatchRequest request,
            ImageShape shape,
            BufferPool.Memory memory,
            Optional<Normalization> normalization,
            long[] labels,
            List<Integer> replaced,
            Loading loading,
            BufferPool pool) {
        this.request = request;
        this.shape = shape;
        this.memory = new AtomicReference<>(memory);
        this.normalization = normalization;
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
        if (normalization.isPresent()) {
            throw new IllegalStateException("the batch of step " + request.step() + " has bytes");
        }
        return open().floats();
    }

    @Override
    public Optional<Bytes> bytes() {
        return normalization.map(later -> new Bytes(open().bytes(), later));
    }

    private BufferPool.Memory open() {
        BufferPool.Memory buffer = memory.get();
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
        BufferPool.Memory buffer = memory.getAndSet(null);
        if (buffer != null) {
            pool.give(buffer);
        }
    }
}
