package dev.lockstep.run;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.checkpoint.CheckpointDirectory;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.metrics.Event;
import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.metrics.RunInfo;
import dev.lockstep.metrics.RunListenerFactory;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.metrics.RunResult.Status;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.storage.Stores;
import dev.lockstep.train.Assembly;
import dev.lockstep.train.CheckpointWriter;
import dev.lockstep.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** One run of a {@link Training} in a folder: opens its resources in this order and closes them in reverse. */
final class Session implements AutoCloseable {
    /** Before every checkpoint, including that of the initial weights. */
    private static final long NO_STEP = -1;

    private final Training training;
    private final Path folder;
    /** Where the run is stored if that is not on this machine, where {@code folder} is. */
    private final @Nullable RemoteFolder remote;

    private final Path out;
    private final EventHub events;
    private final boolean first;
    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private @Nullable Trainer trainer;
    private @Nullable CheckpointWriter writer;
    private long startedNanos;

    Session(Training training, Path folder) {
        this.training = training;
        this.out = folder;
        this.remote = Stores.isRemote(folder) ? new RemoteFolder(folder) : null;
        this.folder = remote == null ? folder : remote.local();
        this.first = training.group.rank() == 0;
        this.events = training.events;
        open.push(events);
    }

    private <T extends AutoCloseable> T opened(T resource) {
        open.push(resource);
        return resource;
    }

    /**
     * Sets up the run, restores the checkpoint, opens the listeners and trains.
     *
     * @param choice the checkpoint to resume from
     */
    RunResult run(Function<CheckpointDirectory, Optional<Checkpoint>> choice) {
        if (first) {
            RunFolder.requireOwn(out, training.recipe);
        }
        Assembly assembly = opened(new Assembly(
                training.recipe,
                training.models,
                training.data.get(),
                training.group,
                training.options,
                training.stop));
        try {
            RunFolder locked = first ? opened(RunFolder.open(folder)) : null;
            CheckpointDirectory checkpoints = new CheckpointDirectory(
                    folder.resolve(Training.CHECKPOINTS),
                    training.options.keep(),
                    events::notice,
                    remote == null ? CheckpointDirectory.Mirror.NONE : remote);
            Trainer restored = assembly.begin(() -> {
                if (remote != null) {
                    remote.pull();
                }
                return choice.apply(checkpoints);
            });
            if (locked != null) {
                prepare(locked, checkpoints, restored);
            }
            start(assembly, restored);
            RunResult result = locked == null ? train(restored, () -> {}) : trainAndSave(restored, checkpoints);
            events.flush();
            events.on(new Event.Finished(result, restored.noiseScale().images()));
            if (remote != null && first) {
                remote.pushFiles();
            }
            return result;
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    private LockstepException unwritable(Exception e) {
        return LockstepException.recipe(
                "run folder cannot be written: " + e.getMessage(), "out = " + out, "choose a writable output folder");
    }

    private void prepare(RunFolder locked, CheckpointDirectory checkpoints, Trainer restored) throws IOException {
        locked.write(RunFolder.RECIPE, training.recipe.toYaml());
        locked.removeUnfinished();
        checkpoints.removeUnfinished();
        checkpoints.supersedeAfter(restored.isResumed() ? restored.step() : NO_STEP);
        if (remote != null) {
            remote.mark();
        }
        if (!restored.isFinished()) {
            // From an earlier session: if this one crashed, it would pass for its result.
            DurableFiles.delete(folder.resolve(RunResult.NAME));
            if (remote != null) {
                Files.deleteIfExists(out.resolve(RunResult.NAME));
            }
        }
    }

    private void start(Assembly assembly, Trainer restored) {
        startedNanos = System.nanoTime();
        trainer = restored;
        Recipe recipe = training.recipe;
        RunInfo info = new RunInfo(
                folder,
                recipe,
                training.arguments,
                training.group.rank(),
                training.group.size(),
                training.group.isBitwise(),
                training.options.lanes(),
                assembly.state().layout().parameterCount(),
                assembly.plan().iterationsPerEpoch(),
                assembly.plan().droppedPerEpoch(),
                restored.step());
        for (RunListenerFactory factory : training.factories()) {
            factory.open(info, events::notice).ifPresent(events::addOpened);
        }
        events.start(info);
        if (restored.isResumed()) {
            events.on(new Event.Resumed(restored.step(), restored.isFinished()));
            if (training.group.size() > 1) {
                events.on(new Event.Notice("rank 0 has sent its state of step " + restored.step()
                        + " to the other processes, whose run folders are not read"));
            }
        }
    }

    private RunResult train(Trainer restored, Runnable save) {
        Trainer.End end = restored.run(events, save);
        return restored.result(end == Trainer.End.COMPLETED ? Status.COMPLETED : Status.INTERRUPTED, seconds());
    }

    private RunResult trainAndSave(Trainer restored, CheckpointDirectory checkpoints) {
        CheckpointWriter saves =
                opened(new CheckpointWriter(checkpoints, List.of(folder.resolve(MetricsFile.NAME)), events::later));
        writer = saves;
        if (restored.isResumed() && !checkpoints.holds(restored.step())) {
            restored.checkpoint(saves);
        }
        RunResult result = train(restored, () -> {
            events.flush();
            restored.checkpoint(saves);
        });
        saves.requireNewest();
        result.write(folder);
        return result;
    }

    private double seconds() {
        return (System.nanoTime() - startedNanos) * 1e-9;
    }

    /** Completes the files in the run folder and notifies the listeners. */
    void fail(Throwable cause) {
        try {
            if (writer != null) {
                writer.close();
            }
            if (first
                    && trainer != null
                    && cause instanceof LockstepException known
                    && known.kind() == LockstepException.Kind.DIVERGED) {
                trainer.result(Status.DIVERGED, seconds()).write(folder);
                if (remote != null) {
                    remote.pushFiles();
                }
            }
        } catch (RuntimeException | IOException e) {
            cause.addSuppressed(e);
        }
        events.flush();
        events.on(new Event.Failed(cause));
    }

    @Override
    public void close() {
        RuntimeException failure = null;
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (Exception e) {
                RuntimeException thrown = e instanceof RuntimeException known ? known : unwritable(e);
                if (failure == null) {
                    failure = thrown;
                } else {
                    failure.addSuppressed(thrown);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
