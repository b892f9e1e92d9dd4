package dev.lockstep.train;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.checkpoint.CheckpointDirectory;
import dev.lockstep.checkpoint.HostTensor;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.metrics.Event;
import dev.lockstep.model.FlatState;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.TorchRuntime;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Writes checkpoints off the critical path: the step pays for a copy of the flat buffers, a thread of its own for names,
 * checksum and disk. A write that fails is a warning; training goes on and older checkpoints stay.
 */
public final class CheckpointWriter implements AutoCloseable {
    private final CheckpointDirectory directory;
    private final List<Path> before;
    private final Consumer<Event> events;
    /** Why the newest checkpoint is not on disk; null when it is. */
    private volatile @Nullable String missing;

    private final ExecutorService thread;
    private @Nullable Future<?> writing;

    /**
     * @param before files that must reach the disk before a checkpoint does: it says that they reach so far
     * @param events is told of every checkpoint and takes warnings, in the writing thread
     */
    public CheckpointWriter(CheckpointDirectory directory, List<Path> before, Consumer<Event> events) {
        this.directory = directory;
        this.before = List.copyOf(before);
        this.events = events;
        this.thread = Executors.newSingleThreadExecutor(task -> {
            Thread made = new Thread(task, "lockstep-checkpoint");
            made.setDaemon(true);
            return made;
        });
    }

    /** Copies the state and returns; waits first if the checkpoint before is still being written. */
    void write(
            FlatState state,
            long step,
            int iterationsPerEpoch,
            String recipe,
            String fingerprint,
            List<String> classNames,
            String trainer) {
        await();
        List<Tensor> copies = List.of(
                state.parameters().clone().retainReference(),
                state.momentum().clone().retainReference(),
                state.running().clone().retainReference());
        state.device().handOver();
        writing = thread.submit(() -> {
            TorchRuntime.setThreads(1);
            try (StepScope scope = new StepScope()) {
                Map<String, HostTensor> tensors =
                        Checkpoint.tensors(state.layout(), copies.get(0), copies.get(1), copies.get(2), step);
                syncBefore();
                Path file = directory.write(new Checkpoint(
                        step,
                        step / iterationsPerEpoch,
                        step % iterationsPerEpoch,
                        recipe,
                        fingerprint,
                        classNames,
                        trainer,
                        tensors));
                missing = null;
                events.accept(new Event.CheckpointSaved(step, file));
                prune();
            } catch (IOException | RuntimeException | OutOfMemoryError e) {
                String reason = e instanceof IOException ? e.getMessage() : e.toString();
                missing = "step = " + step + ": " + reason;
                warn("checkpoint of step " + step + " was not written: " + reason
                        + "; training goes on, older checkpoints stay");
            } finally {
                copies.forEach(Tensor::close);
            }
        });
    }

    /** A run must not end for its log. */
    private void syncBefore() {
        for (Path file : before) {
            try {
                DurableFiles.sync(file);
            } catch (IOException e) {
                warn("a power failure may cut off metrics, file = " + file + ": " + e.getMessage());
            }
        }
    }

    private void prune() {
        try {
            directory.prune();
        } catch (IOException e) {
            warn("an old checkpoint could not be removed: " + e.getMessage());
        }
    }

    private void warn(String what) {
        events.accept(new Event.Notice("warning: " + what));
    }

    /**
     * Waits for the write under way, and accepts no failure of it: a run may go on without a checkpoint, but not end without.
     *
     * @throws LockstepException of kind CHECKPOINT when the newest checkpoint could not be written
     */
    public void requireNewest() {
        await();
        String reason = missing;
        if (reason != null) {
            throw LockstepException.checkpoint(
                    "the checkpoint of the last step could not be written",
                    reason,
                    "make room and give the same command: it goes on from the newest checkpoint that is there");
        }
    }

    /** Waits for the write under way. */
    private void await() {
        Future<?> current = writing;
        writing = null;
        if (current == null) {
            return;
        }
        try {
            current.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("a checkpoint could not be made", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        await();
        thread.shutdown();
    }
}
