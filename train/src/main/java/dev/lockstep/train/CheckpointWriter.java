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
import org.jspecify.annotations.Nullable;

/**
 * Writes checkpoints off the critical path: the step only copies the flat buffers; a separate thread does the names,
 * checksum and disk. A failed write is a warning; training continues and older checkpoints stay.
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
     * @param before files that must reach the disk before a checkpoint, which relies on them up to its step
     * @param events receives every checkpoint and warnings, in the writing thread
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

    /**
     * Copies the state and returns; waits first if the previous checkpoint is still being written.
     *
     * @param validationTop1Error of this state; NaN if it has not been evaluated
     */
    void write(
            FlatState state,
            long step,
            int iterationsPerEpoch,
            String recipe,
            String fingerprint,
            List<String> classNames,
            String trainer,
            double validationTop1Error) {
        await();
        FlatState copy = state.copy();
        state.device().handOver();
        writing = thread.submit(() -> {
            TorchRuntime.setThreads(1);
            long started = System.nanoTime();
            try (copy;
                    StepScope scope = new StepScope()) {
                Map<String, HostTensor> tensors = Checkpoint.tensors(copy, step);
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
                events.accept(written(step, started));
                events.accept(new Event.CheckpointSaved(step, file));
                tidy(step, validationTop1Error);
            } catch (IOException | RuntimeException | OutOfMemoryError e) {
                String reason = e instanceof IOException ? e.getMessage() : e.toString();
                missing = "step = " + step + ": " + reason;
                events.accept(written(step, started));
                events.accept(new Event.CheckpointFailed(step, reason == null ? e.toString() : reason));
                warn("checkpoint of step " + step + " was not written: " + reason
                        + "; training continues, older checkpoints stay");
            }
        });
    }

    private static Event written(long step, long started) {
        return new Event.Timeline(
                step, List.of(new Event.Span("checkpoint writer", "write step " + step, started, System.nanoTime())));
    }

    /** A run must not fail because of its log. */
    private void syncBefore() {
        for (Path file : before) {
            try {
                DurableFiles.sync(file);
            } catch (IOException e) {
                warn("a power failure may cut off metrics, file = " + file + ": " + e.getMessage());
            }
        }
    }

    private void tidy(long step, double validationTop1Error) {
        if (!Double.isNaN(validationTop1Error)) {
            try {
                directory.evaluated(step, validationTop1Error);
            } catch (IOException e) {
                warn("the best checkpoint could not be noted: " + e.getMessage());
            }
        }
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
     * Waits for the current write and requires its success: a run may continue without a checkpoint, but not end
     * without one.
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
                    "free some space, or bring the store back, and run the same command again: it resumes from the"
                            + " newest checkpoint");
        }
    }

    /** Waits for the current write. */
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
