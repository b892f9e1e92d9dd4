package dev.lockstep.run;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.checkpoint.CheckpointDirectory;
import dev.lockstep.collective.Collective;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.metrics.Environment;
import dev.lockstep.metrics.Event;
import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.metrics.RunInfo;
import dev.lockstep.metrics.RunListenerFactory;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.metrics.RunResult.Status;
import dev.lockstep.network.ResolvedRecipe;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.storage.Stores;
import dev.lockstep.torch.Device;
import dev.lockstep.train.Assembly;
import dev.lockstep.train.CheckpointWriter;
import dev.lockstep.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** One run of a {@link Training} in a folder: opens its resources in this order and closes them in reverse. */
final class Session implements AutoCloseable {
    /** Before every checkpoint, including that of the initial weights. */
    private static final long NO_STEP = -1;

    private static final Duration STILL_HELD = Duration.ofSeconds(5);

    private final Training training;
    private final Path folder;
    /** Where the run is stored if that is not on this machine, where {@code folder} is. */
    private final @Nullable RemoteFolder remote;

    private final Path out;
    /** The run folder of the checkpoint from which the run resumes, if it does. */
    private final Path origin;

    private final EventHub events;
    /** With the numbers that it leaves to the data and the network, once these are known. */
    private Recipe recipe;

    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private @Nullable Trainer trainer;
    private @Nullable CheckpointWriter writer;
    private @Nullable RunFolder locked;
    private long startedNanos;

    /** @param origin the run folder of the checkpoint from which the run resumes, if it does */
    Session(Training training, Path folder, Path origin) {
        this.training = training;
        this.out = folder;
        this.origin = origin;
        this.remote = Stores.isRemote(folder) ? new RemoteFolder(folder) : null;
        this.folder = remote == null ? folder : remote.local();
        this.events = training.events;
        this.recipe = training.recipe;
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
        if (isFirst()) {
            RunFolder.requireOwn(out, training.recipe);
        }
        try {
            if (isFirst()) {
                locked = opened(RunFolder.open(folder));
            }
            CheckpointDirectory checkpoints = new CheckpointDirectory(
                    folder.resolve(Training.CHECKPOINTS),
                    training.options.keep(),
                    events::notice,
                    remote == null ? CheckpointDirectory.Mirror.NONE : remote);
            OpenDataset data = training.data.get();
            recipe = ResolvedRecipe.of(training.recipe, data.task());
            Begun begun = begin(data, checkpoints, choice);
            Assembly assembly = begun.assembly;
            Trainer restored = begun.trainer;
            start(assembly, restored, checkpoints);
            RunResult result = train(assembly, restored, checkpoints);
            if (training.hasLeft()) {
                return result;
            }
            events.flush();
            events.on(new Event.Finished(result, restored.noiseScale().images()));
            if (remote != null && isFirst()) {
                remote.pushFiles();
            }
            return result;
        } catch (IOException e) {
            throw unwritable(e);
        }
    }

    private record Begun(Assembly assembly, Trainer trainer) {}

    /** If the group changes meanwhile, begins anew with the next one: the state may be half received. */
    private Begun begin(
            OpenDataset data,
            CheckpointDirectory checkpoints,
            Function<CheckpointDirectory, Optional<Checkpoint>> choice) {
        while (true) {
            Assembly assembly =
                    new Assembly(recipe, training.models, data, training.group, training.options, training.stop);
            try {
                Trainer trainer = assembly.begin(() -> {
                    if (remote != null) {
                        remote.pull();
                    }
                    return choice.apply(checkpoints);
                });
                return new Begun(opened(assembly), trainer);
            } catch (LockstepException e) {
                assembly.close();
                training.group = opened(joinNext(e));
            } catch (RuntimeException | Error e) {
                assembly.close();
                throw e;
            }
        }
    }

    private LockstepException unwritable(Exception e) {
        return LockstepException.recipe(
                "run folder cannot be written: " + e.getMessage(), "out = " + out, "choose a writable output folder");
    }

    private void prepare(RunFolder locked, CheckpointDirectory checkpoints, Trainer restored) throws IOException {
        locked.write(RunFolder.RECIPE, recipe.toYaml());
        int perEpoch = Math.toIntExact(restored.totalSteps() / recipe.epochs());
        Device device = training.options.device();
        Environment now = Environment.current(training.arguments, perEpoch)
                .onDevice(device == Device.cpu() ? "" : device.fingerprint());
        if (restored.isResumed()) {
            Environment.read(origin.equals(out) ? folder : origin)
                    .map(Environment::device)
                    .filter(first -> !first.equals(now.device()))
                    .ifPresent(first -> events.notice("the run began on " + named(first) + " and continues on "
                            + named(now.device()) + ": devices round differently, so its weights get other bits"));
        }
        now.remember(folder);
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

    private static String named(String device) {
        return device.isEmpty() ? "the CPU" : device;
    }

    private boolean isFirst() {
        return training.group.rank() == 0;
    }

    private void start(Assembly assembly, Trainer restored, CheckpointDirectory checkpoints) throws IOException {
        startedNanos = System.nanoTime();
        trainer = restored;
        if (isFirst()) {
            prepare(locked(restored.step()), checkpoints, restored);
        }
        openListeners(assembly, restored.step());
        if (restored.isResumed()) {
            events.on(new Event.Resumed(restored.step(), restored.isFinished()));
            if (training.group.size() > 1) {
                events.on(new Event.Notice("rank 0 has sent its state of step " + restored.step()
                        + " to the other processes, whose run folders are not read"));
            }
        }
        if (isFirst()) {
            openWriter(restored, checkpoints);
            training.group.begun();
        }
    }

    /** @param step of this process */
    private RunFolder locked(long step) throws IOException {
        RunFolder held = locked == null ? opened(RunFolder.takeOver(folder, step, STILL_HELD, events::notice)) : locked;
        locked = held;
        return held;
    }

    /** @param step the metrics up to here are written already */
    private RunInfo openListeners(Assembly assembly, long step) {
        RunInfo info = new RunInfo(
                folder,
                recipe,
                training.arguments,
                training.group.rank(),
                training.group.size(),
                training.group.isBitwise(),
                assembly.lanes(),
                assembly.state().layout().parameterCount(),
                assembly.plan().iterationsPerEpoch(),
                assembly.plan().droppedPerEpoch(),
                step);
        for (RunListenerFactory factory : training.factories()) {
            factory.open(info, events::notice).ifPresent(events::addOpened);
        }
        events.start(info);
        return info;
    }

    private void openWriter(Trainer restored, CheckpointDirectory checkpoints) {
        CheckpointWriter saves =
                opened(new CheckpointWriter(checkpoints, List.of(folder.resolve(MetricsFile.NAME)), events::later));
        writer = saves;
        if (restored.isResumed() && !checkpoints.holds(restored.step())) {
            restored.checkpoint(saves);
        }
    }

    /**
     * The result that the folder of a finished run holds. Its time and speed are those of the training, which a repetition
     * does not know. Empty when there is none, as after a crash before it was written.
     */
    private Optional<RunResult> earlier(RunResult now) {
        try {
            RunResult written = RunResult.read(Files.exists(folder.resolve(RunResult.NAME)) ? folder : out);
            boolean same = written.status() == now.status()
                    && written.steps() == now.steps()
                    && written.weightsSha256().equals(now.weightsSha256())
                    && written.datasetFingerprint().equals(now.datasetFingerprint());
            return same ? Optional.of(written) : Optional.empty();
        } catch (LockstepException e) {
            return Optional.empty();
        }
    }

    private RunResult train(Assembly assembly, Trainer running, CheckpointDirectory checkpoints) throws IOException {
        boolean wasFinished = running.isFinished();
        Trainer.End end = Trainer.End.CHANGING;
        while (end == Trainer.End.CHANGING) {
            try {
                end = running.run(events, () -> save(running));
                if (end == Trainer.End.CHANGING && !change(assembly, running, checkpoints)) {
                    return running.result(Status.INTERRUPTED, seconds());
                }
            } catch (LockstepException e) {
                continueWith(assembly, running, checkpoints, e);
            }
        }
        Status status = end == Trainer.End.COMPLETED ? Status.COMPLETED : Status.INTERRUPTED;
        RunResult result = running.result(status, seconds());
        Optional<RunResult> earlier = wasFinished && isFirst() ? earlier(result) : Optional.empty();
        if (earlier.isPresent()) {
            return earlier.get();
        }
        if (writer != null) {
            writer.requireNewest();
            result.write(folder);
        }
        return result;
    }

    private void save(Trainer running) {
        if (writer != null) {
            events.flush();
            running.checkpoint(writer);
        }
    }

    /**
     * Between two steps, waits for the next group, and continues with it.
     *
     * @return false when this process has left
     */
    private boolean change(Assembly assembly, Trainer running, CheckpointDirectory checkpoints) throws IOException {
        boolean leaving = training.isLeaving();
        if (leaving) {
            release();
            // Once more, in case the request is still on its way in another thread.
            training.group.askForLeave();
        }
        LockstepException reason = training.group.awaitChange();
        try {
            continueWith(assembly, running, checkpoints, reason);
            return true;
        } catch (LockstepException e) {
            if (leaving && e == reason) {
                training.left = true;
                return false;
            }
            throw e;
        }
    }

    /** Closes the files of the run: another process takes them over. */
    private void release() throws IOException {
        if (writer != null) {
            writer.close();
            writer = null;
        }
        events.close();
        if (locked != null) {
            locked.close();
            locked = null;
        }
    }

    /**
     * Continues with the processes that are left, or with one more. Where rank 0 was lost, this process may take over its
     * duties.
     *
     * @param reason why the group has ended; thrown if no other follows it
     */
    private void continueWith(
            Assembly assembly, Trainer running, CheckpointDirectory checkpoints, LockstepException reason)
            throws IOException {
        long lost = System.nanoTime();
        boolean wasFirst = isFirst();
        int before = training.group.size();
        LockstepException failure = reason;
        Set<String> reasons = new LinkedHashSet<>();
        while (true) {
            reasons.add(failure.whatAndWhere());
            Collective next = joinNext(failure);
            training.group = opened(next);
            try {
                running.regroup(next, events);
                break;
            } catch (LockstepException e) {
                failure = e;
            }
        }
        if (isFirst() && !wasFirst) {
            prepare(locked(running.step()), checkpoints, running);
            RunInfo info = openListeners(assembly, running.writtenStep());
            running.unwritten().forEach(events::on);
            training.lead(info);
            events.on(new Event.Resumed(running.step(), running.isFinished()));
            openWriter(running, checkpoints);
        }
        if (isFirst()) {
            training.group.begun();
        }
        String why = String.join("; ", reasons);
        events.on(new Event.Regrouped(running.step(), before, training.group.size(), why));
        events.on(new Event.Notice(String.format(
                Locale.ROOT,
                "%s; %d %s from step %d after %.2f s",
                why,
                training.group.size(),
                training.group.size() == 1 ? "process continues" : "processes continue",
                running.step(),
                (System.nanoTime() - lost) * 1e-9)));
    }

    private Collective joinNext(LockstepException failure) {
        Collective next = training.group.joinNext().orElseThrow(() -> failure);
        if (training.isLeaving()) {
            next.askForLeave();
        }
        return next;
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
            if (isFirst()
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
