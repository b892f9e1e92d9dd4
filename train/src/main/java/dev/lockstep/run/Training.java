package dev.lockstep.run;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.checkpoint.CheckpointDirectory;
import dev.lockstep.collective.Collective;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.metrics.BadImage;
import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.JsonLinesSink;
import dev.lockstep.metrics.LoaderWatch;
import dev.lockstep.metrics.MetricSink;
import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.metrics.RunResult.Status;
import dev.lockstep.metrics.StepMetrics;
import dev.lockstep.metrics.TensorBoardSink;
import dev.lockstep.model.ModelFactory;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.train.CheckpointWriter;
import dev.lockstep.train.RunOptions;
import dev.lockstep.train.StopSignal;
import dev.lockstep.train.Trainer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A recipe being trained in a run folder: the loop of {@link Trainer} with metrics, checkpoints and a result on disk.
 *
 * <pre>{@code
 * Recipe recipe = Recipe.read(Path.of("recipes/fashion-mnist.yaml")).withWorkers(16);
 * try (Collective group = Collectives.fromEnvironment();      // one process when nothing is set
 *         Training run = Training.create(recipe, ResNet::fromRecipe, data, group)) {
 *     run.onEpoch(epoch -> System.out.println(epoch.validationTop1Error()));
 *     run.resumeOrStart(Path.of("runs/mine"));
 * }
 * }</pre>
 */
public final class Training implements AutoCloseable {
    static final String CHECKPOINTS = "checkpoints";
    /** Before every checkpoint, that of the initial weights included. */
    private static final long NO_STEP = -1;

    private final Recipe recipe;
    private final Collective group;
    private final RunOptions options;
    private final Trainer trainer;
    private final List<MetricSink> ownSinks = new ArrayList<>();

    private Training(Recipe recipe, Collective group, RunOptions options, Trainer trainer) {
        this.recipe = recipe;
        this.group = group;
        this.options = options;
        this.trainer = trainer;
    }

    public static Training create(Recipe recipe, ModelFactory model, OpenDataset data, Collective group) {
        return create(recipe, model, data, group, RunOptions.defaults(), new StopSignal());
    }

    /**
     * @param stop asks the run to save and stop, from any thread
     * @throws LockstepException when recipe, data and processes do not fit each other
     */
    public static Training create(
            Recipe recipe,
            ModelFactory model,
            OpenDataset data,
            Collective group,
            RunOptions options,
            StopSignal stop) {
        return new Training(recipe, group, options, new Trainer(recipe, model, data, group, options, stop));
    }

    /** Adds a sink; on rank 0 it gets every metric, elsewhere none. */
    public Training addSink(MetricSink sink) {
        ownSinks.add(sink);
        return this;
    }

    /** Calls back after each epoch, on rank 0. */
    public Training onEpoch(Consumer<EpochMetrics> consumer) {
        return addSink(new MetricSink() {
            @Override
            public void onStep(StepMetrics step) {}

            @Override
            public void onEpoch(EpochMetrics epoch) {
                consumer.accept(epoch);
            }

            @Override
            public void close() {}
        });
    }

    public Trainer trainer() {
        return trainer;
    }

    /** Goes on from the newest good checkpoint in the folder, or starts where there is none. */
    public RunResult resumeOrStart(Path folder) {
        return run(folder, directory -> directory.newest());
    }

    /** Starts anew; checkpoints that the folder holds are set aside. */
    public RunResult start(Path folder) {
        return run(folder, directory -> Optional.empty());
    }

    /** Goes on from a given checkpoint file. */
    public RunResult resume(Path folder, Path checkpoint) {
        return run(folder, directory -> Optional.of(Checkpoint.read(checkpoint)));
    }

    /**
     * Checks that a folder is a run's or new: what a run writes must not take the place of what a user wrote. Every run does
     * so by itself.
     *
     * @throws LockstepException of kind RECIPE naming the file that is in the way
     */
    public static void requireOwn(Path folder, Recipe recipe) {
        RunFolder.requireOwn(folder, recipe);
    }

    /** Chooses the checkpoint to go on from. */
    private interface Choice {
        Optional<Checkpoint> of(CheckpointDirectory directory);
    }

    private RunResult run(Path folder, Choice choice) {
        try {
            return runHere(folder, choice);
        } catch (RuntimeException | Error e) {
            group.fail(e);
            throw e;
        }
    }

    private RunResult runHere(Path folder, Choice choice) {
        boolean first = group.rank() == 0;
        if (first) {
            requireOwn(folder, recipe);
        }
        try (RunFolder locked = first ? RunFolder.open(folder) : null) {
            MetricSink notices = MetricSink.all(first ? ownSinks : List.of());
            CheckpointDirectory directory =
                    new CheckpointDirectory(folder.resolve(CHECKPOINTS), options.keep(), notices::onNotice);
            trainer.compareProcesses();
            boolean resumed = restore(choice.of(directory));
            agreeOnStep();
            trainer.compareState();
            if (locked == null) {
                return trainSilently();
            }
            locked.write(RunFolder.RECIPE, recipe.toYaml());
            locked.removeUnfinished();
            directory.removeUnfinished();
            directory.supersedeAfter(resumed ? trainer.step() : NO_STEP);
            if (!trainer.isFinished()) {
                // Of an earlier session: were this one to crash, it would pass for its result.
                DurableFiles.delete(folder.resolve(RunResult.NAME));
            }
            return trainInto(folder, directory, resumed && !directory.holds(trainer.step()), notices::onNotice);
        } catch (IOException e) {
            throw LockstepException.recipe(
                    "run folder cannot be written: " + e.getMessage(), "out = " + folder, "give a writable --out");
        }
    }

    /** The checkpoint's tensors are on the heap, and must not stay there while the run goes on. */
    private boolean restore(Optional<Checkpoint> start) {
        start.ifPresent(trainer::restore);
        return start.isPresent();
    }

    /** Every process reads the folder by itself; on machines that do not share it they would start apart. */
    private void agreeOnStep() {
        byte[] own = Long.toString(trainer.step()).getBytes(StandardCharsets.UTF_8);
        List<byte[]> all = group.allGather(own);
        for (int rank = 1; rank < all.size(); rank++) {
            String other = new String(all.get(rank), StandardCharsets.UTF_8);
            String reference = new String(all.get(0), StandardCharsets.UTF_8);
            if (!other.equals(reference)) {
                throw LockstepException.checkpoint(
                        "processes found different checkpoints",
                        "rank = 0 is at step = " + reference + ", rank = " + rank + " at step = " + other,
                        "give every process the same --out folder, on storage that all machines share");
            }
        }
    }

    private RunResult trainSilently() {
        Trainer.End end = trainer.run(new Listening(MetricSink.all(List.of()), null));
        return result(end, 0);
    }

    /** @param save whether the run goes on from a checkpoint that the folder does not have */
    private RunResult trainInto(Path folder, CheckpointDirectory directory, boolean save, Consumer<String> notices)
            throws IOException {
        long started = System.nanoTime();
        List<MetricSink> sinks = new ArrayList<>();
        Path metrics = folder.resolve(MetricsFile.NAME);
        sinks.add(JsonLinesSink.open(metrics, trainer.step(), notices));
        sinks.add(TensorBoardSink.open(folder, trainer.step(), notices));
        sinks.addAll(ownSinks);
        try (MetricSink sink = MetricSink.all(sinks);
                CheckpointWriter writer = new CheckpointWriter(directory, List.of(metrics), sink::onNotice)) {
            sink.onStart(trainer.step(), trainer.isFinished());
            if (save) {
                trainer.checkpoint(writer);
            }
            Trainer.End end = trainer.run(new Listening(sink, writer));
            writer.requireNewest();
            RunResult result = result(end, (System.nanoTime() - started) * 1e-9);
            result.write(folder);
            return result;
        } catch (LockstepException e) {
            if (e.kind() == LockstepException.Kind.DIVERGED) {
                writeDiverged(folder, (System.nanoTime() - started) * 1e-9, e);
            }
            throw e;
        }
    }

    private void writeDiverged(Path folder, double seconds, LockstepException divergence) {
        try {
            result(Status.DIVERGED, seconds).write(folder);
        } catch (LockstepException e) {
            divergence.addSuppressed(e);
        }
    }

    private RunResult result(Trainer.End end, double seconds) {
        return result(end == Trainer.End.COMPLETED ? Status.COMPLETED : Status.INTERRUPTED, seconds);
    }

    private RunResult result(Status status, double seconds) {
        List<EpochMetrics> epochs = trainer.lastEpochs();
        EpochMetrics last = epochs.isEmpty() ? null : epochs.get(epochs.size() - 1);
        double unknown = Double.NaN;
        return new RunResult(
                status,
                trainer.weightsSha256(),
                trainer.datasetFingerprint(),
                trainer.step(),
                trainer.epochsDone(),
                last == null ? unknown : last.validationTop1Error(),
                last == null ? unknown : last.validationTop5Error(),
                last == null ? unknown : last.validationLoss(),
                last == null ? unknown : MetricsFile.medianOfLast(5, epochs),
                last == null ? unknown : last.trainLoss(),
                last == null ? unknown : last.trainTop1Error(),
                trainer.imagesPerSecond(),
                seconds,
                recipe.workers(),
                recipe.imagesPerWorker(),
                group.size(),
                trainer.lanes(),
                trainer.replacedImages().size());
    }

    /** Hands what the trainer tells to the sinks and the checkpoint writer; only rank 0 has a writer. */
    private final class Listening implements Trainer.Listener {
        private final MetricSink sink;
        private final @Nullable CheckpointWriter writer;
        private final LoaderWatch loader = new LoaderWatch();

        Listening(MetricSink sink, @Nullable CheckpointWriter writer) {
            this.sink = sink;
            this.writer = writer;
        }

        @Override
        public void onStep(StepMetrics step) {
            sink.onStep(step);
            loader.onStep(step).ifPresent(sink::onNotice);
            if (writer != null) {
                writer.report();
            }
        }

        @Override
        public void onEpoch(EpochMetrics epoch) {
            sink.onEpoch(epoch);
        }

        @Override
        public void onBadImage(BadImage image) {
            sink.onBadImage(image);
        }

        @Override
        public void onNotice(String notice) {
            sink.onNotice(notice);
        }

        @Override
        public void flush() {
            sink.flush();
        }

        @Override
        public void onCheckpoint() {
            if (writer != null) {
                trainer.checkpoint(writer);
            }
        }

        @Override
        public void close() {}
    }

    @Override
    public void close() {
        trainer.close();
    }
}
