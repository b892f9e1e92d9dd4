package dev.lockstep.train;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.checkpoint.CheckpointDirectory;
import dev.lockstep.checkpoint.HostTensor;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.model.FlatState;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.TorchRuntime;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
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
    private final Consumer<String> notices;
    /** What the writing thread has to say; handed on by the thread that calls, since sinks are used by one. */
    private final Queue<String> unsaid = new ConcurrentLinkedQueue<>();

    /** Why the newest checkpoint is not on disk; null when it is. */
    private volatile @Nullable String missing;

    private final ExecutorService thread;
    private @Nullable Future<?> writing;

    /** A writer of checkpoints alone. */
    public CheckpointWriter(CheckpointDirectory directory, Consumer<String> notices) {
        this(directory, List.of(), notices);
    }

    /**
     * @param before files that must reach the disk before a checkpoint does: it says that they reach so far
     * @param notices takes warnings, in the thread that calls {@link #write}, {@link #report} or {@link #finish}
     */
    public CheckpointWriter(CheckpointDirectory directory, List<Path> before, Consumer<String> notices) {
        this.directory = directory;
        this.before = List.copyOf(before);
        this.notices = notices;
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
            String books) {
        finish();
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
                directory.write(new Checkpoint(
                        step,
                        step / iterationsPerEpoch,
                        step % iterationsPerEpoch,
                        recipe,
                        fingerprint,
                        classNames,
                        books,
                        tensors));
                missing = null;
                prune();
            } catch (IOException | RuntimeException | OutOfMemoryError e) {
                String reason = e instanceof IOException ? e.getMessage() : e.toString();
                missing = "step = " + step + ": " + reason;
                unsaid.add("warning: checkpoint of step " + step + " was not written: " + reason
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
                unsaid.add("warning: a power failure may cut off metrics, file = " + file + ": " + e.getMessage());
            }
        }
    }

    private void prune() {
        try {
            directory.prune();
        } catch (IOException e) {
            unsaid.add("warning: an old checkpoint could not be removed: " + e.getMessage());
        }
    }

    /** Hands on warnings of writes that failed. */
    public void report() {
        for (String notice = unsaid.poll(); notice != null; notice = unsaid.poll()) {
            notices.accept(notice);
        }
    }

    /** Waits for the write under way. */
    public void finish() {
        await();
        report();
    }

    /**
     * Waits for the write under way, and accepts no failure of it: a run may go on without a checkpoint, but not end without.
     *
     * @throws LockstepException of kind CHECKPOINT when the newest checkpoint could not be written
     */
    public void requireNewest() {
        finish();
        String reason = missing;
        if (reason != null) {
            throw LockstepException.checkpoint(
                    "the checkpoint of the last step could not be written",
                    reason,
                    "make room and give the same command: it goes on from the newest checkpoint that is there");
        }
    }

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
        finish();
        thread.shutdown();
    }
}
