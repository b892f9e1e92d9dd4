package dev.lockstep.collective;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.supervise.GroupFailure;
import dev.lockstep.topology.Topology;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** A group of one process: its own buffer is the sum. Loads nothing native. */
public final class SoloCollective implements Collective {
    private final @Nullable Watch watch;
    private final @Nullable Terms terms;
    private boolean failed;
    private boolean left;

    public SoloCollective() {
        this(null, null);
    }

    /**
     * @param watch of the launcher that started this process, if one did
     * @param terms with which it was joined, and the next group will be
     */
    SoloCollective(@Nullable Watch watch, @Nullable Terms terms) {
        this.watch = watch;
        this.terms = terms;
    }

    @Override
    public int rank() {
        return 0;
    }

    @Override
    public int size() {
        return 1;
    }

    @Override
    public void allReduceSum(Tensor buffer) {
        Buffers.length(buffer);
        requireWatched();
    }

    @Override
    public void allReduceSum(Topology topology, List<Tensor> partials) {
        Buffers.length(topology, this, partials);
        requireWatched();
    }

    @Override
    public List<byte[]> allGather(byte[] mine) {
        requireWatched();
        return List.of(mine.clone());
    }

    private void requireWatched() {
        if (watch != null) {
            watch.outcome().getNow(Optional.empty()).ifPresent(failure -> {
                throw failure.asException();
            });
        }
    }

    @Override
    public boolean isChangeDue() {
        return watch != null && watch.isChangeDue();
    }

    @Override
    public LockstepException awaitChange() {
        Watch waiting = Objects.requireNonNull(watch, "nobody watches this process");
        waiting.ready();
        return SocketGroup.ended(waiting);
    }

    @Override
    public void askForLeave() {
        if (watch != null) {
            watch.leave();
        }
    }

    @Override
    public void begun() {
        if (watch != null) {
            watch.begun();
        }
    }

    @Override
    public Optional<Collective> joinNext() {
        Terms joined = terms;
        return watch == null || joined == null
                ? Optional.empty()
                : watch.next().map(place -> {
                    // Not end(): the group continues, and so may its keeper in this process.
                    left = true;
                    watch.close();
                    return Collectives.joinNext(place, joined);
                });
    }

    @Override
    public boolean isBitwise() {
        return true;
    }

    @Override
    public void fail(Throwable cause) {
        if (watch != null && !failed) {
            failed = true;
            watch.failed(GroupFailure.words(cause));
        }
    }

    @Override
    public void close() {
        if (watch == null || left) {
            return;
        }
        left = true;
        if (failed) {
            watch.close();
        } else {
            watch.end();
        }
    }
}
