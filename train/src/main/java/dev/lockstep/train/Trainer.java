package dev.lockstep.train;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.collective.Collective;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.BatchLoader;
import dev.lockstep.image.HostBatch;
import dev.lockstep.metrics.BadImage;
import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.Event;
import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.metrics.RunListener;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.metrics.StepMetrics;
import dev.lockstep.metrics.TraceSink;
import dev.lockstep.plan.NoiseScale;
import dev.lockstep.topology.Topology;
import dev.lockstep.topology.WorkerSplit;
import dev.lockstep.torch.TorchRuntime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The loop of a run: steps, an evaluation at the end of each epoch, checkpoints, audits. Everything it computes is a
 * function of the recipe and the data; see {@link TrainStep} for the arithmetic and {@link Assembly} for what it works on.
 */
public final class Trainer {
    private final Assembly parts;
    private final boolean resumed;
    private long step;
    private TrainerState progress;
    private WorkerMoves moves;
    private final StepTimes times = new StepTimes();
    /** The last position whose checkpoint and audit, if due, are done. */
    private long settled;

    /** False while the state of another process is being received. */
    private boolean whole = true;

    private final RecentMetrics recent;
    private double trainingSeconds;
    private long trainedImages;

    /** Why {@link #run} returned. */
    public enum End {
        /** All epochs are done. */
        COMPLETED,
        /** The number of steps in {@link RunOptions#stopAfter} is done. */
        STOPPED_AFTER,
        /** A process received a {@link StopSignal}. */
        SIGNALLED,
        /** The group is to change ({@link Collective#awaitChange}): all processes stand between two steps. */
        CHANGING
    }

    Trainer(Assembly parts, long step, TrainerState progress, boolean resumed) {
        this.parts = parts;
        this.step = step;
        this.progress = progress;
        this.resumed = resumed;
        this.settled = position();
        this.recent = new RecentMetrics(step);
        this.moves = new WorkerMoves(parts.collective, parts.trainStep.lanes());
    }

    static Trainer atStart(Assembly parts) {
        return new Trainer(parts, 0, TrainerState.initial(), false);
    }

    /**
     * Compares all trained state across processes: parameters, optimizer state, running statistics, learning rate and
     * position. Every process must call it.
     *
     * @throws LockstepException of kind WORKER, naming the process that differs and the difference
     */
    void compareState() {
        int perEpoch = iterationsPerEpoch();
        int[] samples = step >= totalSteps()
                ? new int[0]
                : parts.plan.samples((int) (step / perEpoch), (int) (step % perEpoch), 0);
        parts.audit.compare(step, parts.learningRate.at(step), samples, parts.state);
    }

    /**
     * Continues with another group, after a call of {@link #run} failed because the previous one ended. The step under way, if
     * any, was given up. Processes that are behind, as one that has just joined, get the state of one that has come furthest.
     * Every process must call it, or {@link Assembly#begin} if it has just joined; call {@link #run} again afterward.
     *
     * @param listener hears of a step that this process has only now received
     * @throws LockstepException as {@link Assembly#begin(java.util.function.Supplier)}; of kind WORKER when every process
     *     that had the state is lost
     */
    public void regroup(Collective next, RunListener listener) {
        parts.regroup(next);
        moves = new WorkerMoves(next, parts.trainStep.lanes());
        Positions positions = parts.compare(position(), settled);
        if (!positions.isRunning()) {
            throw LockstepException.worker(
                    "every process that had the state of the run is lost", "", "start it again: it resumes");
        }
        if (!positions.agree()) {
            boolean behind = position() < positions.most();
            whole = !behind;
            StateBroadcast.Start start = new StateBroadcast(next, positions.source())
                    .share(parts.state, () -> new StateBroadcast.Start(step, progress.toJson(), null));
            byte[] metrics = shareRecent(positions.source());
            if (behind) {
                long seen = step;
                int epochs = progress.epochsDone();
                step = start.step();
                progress = TrainerState.fromJson(start.trainer(), step, iterationsPerEpoch());
                recent.replace(metrics);
                recent.after(seen).stream()
                        .filter(event -> !(event instanceof Event.Epoch epoch)
                                || epoch.metrics().epoch() >= epochs)
                        .forEach(listener::on);
            }
        }
        whole = true;
        settled = positions.settled();
        compareState();
    }

    /** The {@link RecentMetrics} of the process that has come furthest. */
    private byte[] shareRecent(int source) {
        return parts.collective.allGather(recent.toJson()).get(source);
    }

    /** The metrics up to this step are in the files of rank 0, even if it was lost. */
    public long writtenStep() {
        return recent.written();
    }

    /** The events of the metrics after {@link #writtenStep}, for a process that becomes rank 0. */
    public List<Event> unwritten() {
        List<Event> events = new ArrayList<>();
        progress.badImages().stream()
                .filter(image -> image.step() > recent.written())
                .forEach(image -> events.add(new Event.ImageReplaced(image)));
        events.addAll(recent.after(recent.written()));
        return events;
    }

    /** Completes the start of a process that has joined a run, whose state it has. */
    void join(Positions positions) {
        recent.replace(shareRecent(positions.source()));
        settled = positions.settled();
        compareState();
    }

    /** Grows with each step and with each evaluation; {@link Positions#NOT_STARTED} while there is no state. */
    private long position() {
        return !whole
                ? Positions.NOT_STARTED
                : 2 * step + (step > 0 && step % iterationsPerEpoch() == 0 && !isEvaluationDue() ? 1 : 0);
    }

    /** Whether it was restored from a checkpoint. */
    public boolean isResumed() {
        return resumed;
    }

    /** Iterations done. */
    public long step() {
        return step;
    }

    /** Iterations of the whole recipe. */
    public long totalSteps() {
        return (long) parts.recipe.epochs() * iterationsPerEpoch();
    }

    /** Whether every step and every evaluation of the recipe is done. */
    public boolean isFinished() {
        return step >= totalSteps() && !isEvaluationDue();
    }

    /** Whether the run was stopped between an epoch's last step and the end of its evaluation. */
    private boolean isEvaluationDue() {
        return progress.epochsDone() < step / iterationsPerEpoch();
    }

    private int iterationsPerEpoch() {
        return parts.plan.iterationsPerEpoch();
    }

    /** Results of the last five trained and evaluated epochs, including those before a resume. */
    List<EpochMetrics> lastEpochs() {
        return progress.epochs();
    }

    /** Bad images that were found and replaced, including those before a resume. */
    List<BadImage> replacedImages() {
        return progress.badImages();
    }

    /** The gradient noise scale of the steps so far. */
    public NoiseScale noiseScale() {
        return NoiseScale.of(progress.noise());
    }

    /** SHA-256 of the weights; see {@link Checkpoint#weightsSha256}. */
    public String weightsSha256() {
        return Checkpoint.weightsSha256(parts.state.layout(), parts.state.parameters());
    }

    /**
     * The result of the run so far.
     *
     * @param seconds wall time of this session of the run
     */
    public RunResult result(RunResult.Status status, double seconds) {
        List<EpochMetrics> epochs = progress.epochs();
        EpochMetrics last = epochs.isEmpty() ? null : epochs.get(epochs.size() - 1);
        double unknown = Double.NaN;
        return new RunResult(
                status,
                weightsSha256(),
                parts.fingerprint,
                step,
                progress.epochsDone(),
                last == null ? unknown : last.validationTop1Error(),
                last == null ? unknown : last.validationTop5Error(),
                last == null ? unknown : last.validationLoss(),
                MetricsFile.medianOfLastFive(progress.epochsDone(), epochs),
                last == null ? unknown : last.trainLoss(),
                last == null ? unknown : last.trainTop1Error(),
                trainedImages == 0 ? unknown : trainedImages / trainingSeconds,
                seconds,
                parts.recipe.workers(),
                parts.recipe.imagesPerWorker(),
                parts.collective.size(),
                parts.options.lanes(),
                progress.badImages().size());
    }

    /** Hands the writer a copy of all the state that a resumed run needs. */
    public void checkpoint(CheckpointWriter writer) {
        writer.write(
                parts.state,
                step,
                iterationsPerEpoch(),
                parts.recipe.toYaml(),
                parts.fingerprint,
                parts.data.training().classNames(),
                progress.toJson(),
                validationError());
    }

    /** Of the present weights; NaN if they have not been evaluated. */
    private double validationError() {
        List<EpochMetrics> epochs = progress.epochs();
        EpochMetrics last = epochs.isEmpty() ? null : epochs.get(epochs.size() - 1);
        return last == null || last.step() != step ? Double.NaN : last.validationTop1Error();
    }

    /** Trains until the recipe's end, or until it is asked to stop, without checkpoints. */
    public End run(RunListener listener) {
        return run(listener, () -> {});
    }

    /**
     * Trains until the recipe's end, or until it is asked to stop.
     *
     * @param save called when a checkpoint is due; see {@link #checkpoint}
     * @throws LockstepException of kind DIVERGED when the loss or the weights are not finite; of kind WORKER when
     *     another process is gone or has a different state
     */
    public End run(RunListener listener, Runnable save) {
        TorchRuntime.setThreads(1);
        int perEpoch = iterationsPerEpoch();
        long last = totalSteps();
        long end = parts.options.stopAfter() < 0 ? last : Math.min(last, parts.options.stopAfter());
        if (position() > settled) {
            // The previous group ended between a step or an evaluation and what follows it.
            settle(listener, save, step == end);
        }
        if (isEvaluationDue()) {
            Optional<End> cut = oneEvaluation(listener, save, System.nanoTime());
            if (cut.isPresent()) {
                return cut.get();
            }
        }
        long epochStart = System.nanoTime();
        while (step < end) {
            // One loader for as long as this process has the same workers.
            Topology topology = parts.trainStep.topology();
            try (BatchLoader loader = parts.loader(step, end)) {
                while (step < end && parts.trainStep.topology() == topology) {
                    TrainStep.Outcome outcome = oneStep(loader, listener);
                    settle(listener, save, outcome.stop() || step == end);
                    if (outcome.stop()) {
                        return End.SIGNALLED;
                    }
                    if (step % perEpoch == 0) {
                        Optional<End> cut = oneEvaluation(listener, save, epochStart);
                        if (cut.isPresent()) {
                            return cut.get();
                        }
                        epochStart = System.nanoTime();
                    }
                    if (outcome.change() && step < end) {
                        return End.CHANGING;
                    }
                    reportTimes(listener);
                    moveWorkers(listener);
                }
            }
        }
        if (end == 0) {
            requireFinite();
            save.run();
        }
        return step >= last ? End.COMPLETED : End.STOPPED_AFTER;
    }

    /**
     * A step with a finite loss and gradient may still yield weights that are not finite. Every process has the same
     * state by now, and reaches the same verdict.
     */
    private void requireFinite() {
        if (!parts.state.isFinite()) {
            throw new LockstepException(
                    LockstepException.Kind.DIVERGED,
                    "training diverged: its weights are not finite",
                    "step = " + step + ", learning rate = " + (float) parts.learningRate.at(Math.max(0, step - 1)),
                    "lower learning-rate.reference or lengthen learning-rate.warmup; the previous checkpoint is kept");
        }
    }

    private boolean isDue(long every) {
        return every > 0 && step % every == 0;
    }

    private void audit(RunListener listener) {
        compareState();
        if (parts.collective.size() > 1) {
            listener.on(new Event.Audit(step));
        }
    }

    /** What follows a step: an audit and a checkpoint, if due. */
    private void settle(RunListener listener, Runnable save, boolean last) {
        long started = System.nanoTime();
        boolean saving = last || step % iterationsPerEpoch() == 0 || isDue(parts.options.checkpointEvery());
        if (saving || isDue(parts.options.auditEvery())) {
            audit(listener);
            requireFinite();
        }
        if (saving) {
            recent.save(step);
            save.run();
        }
        settled = position();
        long ended = System.nanoTime();
        times.stoodStill((ended - started) * 1e-9);
        if (saving) {
            listener.on(new Event.Timeline(
                    step,
                    List.of(new Event.Span(TraceSink.CHECKPOINT, "audit and copy of the state", started, ended))));
        }
    }

    private void reportTimes(RunListener listener) {
        times.after(step, parts.collective, parts.trainStep.topology(), parts.trainStep.lanes())
                .ifPresent(gathered -> listener.on(new Event.Workers(gathered)));
    }

    /** Moves workers to faster processes if that is wanted and pays. */
    private void moveWorkers(RunListener listener) {
        if (!parts.options.workerSplit().moves()) {
            return;
        }
        Topology now = parts.trainStep.topology();
        Topology next = moves.after(now);
        if (!next.equals(now)) {
            parts.trainStep.divide(next);
            listener.on(new Event.Notice("after step " + step + " the workers of the processes are "
                    + WorkerSplit.of(next) + " (before: " + WorkerSplit.of(now) + ")"));
        }
    }

    /** One iteration. */
    private TrainStep.Outcome oneStep(BatchLoader loader, RunListener listener) {
        long started = System.nanoTime();
        double rate = parts.learningRate.at(step);
        TrainStep.Outcome outcome = parts.trainStep.run(step, () -> batch(loader), parts.rates(step));
        double seconds = (System.nanoTime() - started) * 1e-9;
        int epoch = (int) (step / iterationsPerEpoch());
        step++;
        moves.measured(outcome.computeSeconds());
        times.measured(seconds, outcome);
        trainedImages += parts.plan.minibatch();
        trainingSeconds += seconds;
        if (outcome.replaced() > 0) {
            report(
                    "training",
                    epoch,
                    ReplacedImages.gather(parts.collective, outcome.ownReplaced(), parts.badTraining),
                    listener);
        }
        NoiseScale noise = NoiseScale.of(progress.noise())
                .plus(
                        parts.recipe.imagesPerWorker(),
                        parts.plan.minibatch(),
                        outcome.workerSquaredNorm(),
                        outcome.squaredNorm());
        progress = progress.plusStep(outcome.loss(), outcome.wrong(), noise.state());
        StepMetrics metrics = new StepMetrics(
                step,
                epoch,
                rate,
                outcome.loss(),
                (double) outcome.wrong() / parts.plan.minibatch(),
                parts.plan.minibatch() / seconds,
                seconds,
                outcome.dataWaitSeconds(),
                outcome.exposedSeconds(),
                noise.images());
        recent.add(metrics);
        listener.on(new Event.Step(metrics));
        listener.on(new Event.Timeline(step, outcome.spans()));
        return outcome;
    }

    /** Reports bad images that are found for the first time. */
    private void report(String set, int epoch, Map<Integer, String> replaced, RunListener listener) {
        List<BadImage> met = replaced.entrySet().stream()
                .filter(image -> !progress.knows(set, image.getKey()))
                .map(image -> new BadImage(step, epoch, set, image.getKey(), image.getValue()))
                .toList();
        progress = progress.plusBadImages(met);
        met.forEach(image -> listener.on(new Event.ImageReplaced(image)));
    }

    private static HostBatch batch(BatchLoader loader) {
        return loader.next().orElseThrow(() -> new IllegalStateException("the loader ended before the recipe did"));
    }

    /**
     * Evaluates at the end of an epoch, whose weights are already saved; saves again with the result.
     *
     * @return why it was cut short, if it was: a process was asked to stop, and the evaluation is done when the run resumes;
     *     or the group is to change, and the next one continues it
     */
    private Optional<End> oneEvaluation(RunListener listener, Runnable save, long startedNanos) {
        Evaluator.Outcome measured = parts.evaluator.evaluate(
                step,
                parts.data.validation(),
                parts.data.evaluationTransform(),
                parts.badValidation,
                parts.stop::isRequested);
        if (measured.result().isEmpty()) {
            return Optional.of(measured.stop() ? End.SIGNALLED : End.CHANGING);
        }
        Evaluator.Result result = measured.result().get();
        long steps = iterationsPerEpoch();
        int number = (int) (step / steps) - 1;
        report("validation", number, result.replaced(), listener);
        EpochMetrics epoch = new EpochMetrics(
                number,
                step,
                progress.epochLoss() / steps,
                (double) progress.epochWrong() / (steps * parts.plan.minibatch()),
                result.top1Error(),
                result.top5Error(),
                result.loss(),
                (System.nanoTime() - startedNanos) * 1e-9);
        progress = progress.plusEpoch(epoch);
        recent.add(epoch);
        listener.on(new Event.Epoch(epoch));
        settle(listener, save, true);
        return Optional.empty();
    }
}
