package dev.lockstep.train;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.checkpoint.Weights;
import dev.lockstep.collective.Collective;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.BadImages;
import dev.lockstep.image.BatchLoader;
import dev.lockstep.image.BatchRequest;
import dev.lockstep.image.HostBatch;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.metrics.BadImage;
import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.MetricSink;
import dev.lockstep.metrics.StepMetrics;
import dev.lockstep.model.FlatState;
import dev.lockstep.model.ImageClassifier;
import dev.lockstep.model.ModelFactory;
import dev.lockstep.model.ParameterLayout;
import dev.lockstep.optim.MomentumSgd;
import dev.lockstep.plan.NoiseScale;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.sampling.MinibatchPlan;
import dev.lockstep.schedule.Decay;
import dev.lockstep.schedule.LearningRate;
import dev.lockstep.topology.Topology;
import dev.lockstep.torch.TorchRuntime;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.global.torch;

/**
 * Runs a recipe on this process's share of the workers: steps, an evaluation at the end of each epoch, checkpoints,
 * audits. Everything it computes is a function of the recipe and the data; see {@link TrainStep} for the arithmetic.
 */
public final class Trainer implements AutoCloseable {
    private final Recipe recipe;
    private final OpenDataset data;
    private final Collective collective;
    private final RunOptions options;
    private final StopSignal stop;
    private final Topology topology;
    private final MinibatchPlan plan;
    private final LearningRate learningRate;
    private final Decay decay;
    private final LaneThreads threads;
    private final FlatState state;
    private final TrainStep trainStep;
    private final Evaluator evaluator;
    private final Audit audit;
    private final BadImages badTraining;
    private final BadImages badValidation;
    private final String fingerprint;

    private long step;
    private Books books = Books.empty();
    private double trainingSeconds;
    private long trainedImages;

    /** What the trainer tells while it runs. */
    public interface Listener extends MetricSink {
        @Override
        default void onEpoch(EpochMetrics epoch) {}

        /** The state is at a point where a checkpoint is due. */
        default void onCheckpoint() {}

        @Override
        default void close() {}
    }

    /** Why {@link #run} returned. */
    public enum End {
        /** All epochs are done. */
        COMPLETED,
        /** As many steps are done as {@link RunOptions#stopAfter} asked for. */
        STOPPED_AFTER,
        /** A {@link StopSignal} of some process. */
        SIGNALLED
    }

    public Trainer(
            Recipe recipe,
            ModelFactory models,
            OpenDataset data,
            Collective collective,
            RunOptions options,
            StopSignal stop) {
        TorchRuntime.load();
        this.recipe = recipe;
        this.data = data;
        this.collective = collective;
        this.options = options;
        this.stop = stop;
        this.topology = new Topology(recipe.workers(), collective.size());
        this.plan =
                new MinibatchPlan(recipe.seed(), data.training().size(), recipe.workers(), recipe.imagesPerWorker());
        this.learningRate = recipe.schedule(plan.iterationsPerEpoch());
        this.decay = recipe.decay(plan.iterationsPerEpoch());
        this.fingerprint = data.fingerprint();
        int lanes = Math.min(options.lanes(), topology.workersPerProcess());
        this.threads = new LaneThreads(options.device(), options.lanes(), recipe.threadsPerWorker());
        ImageClassifier initial = classifier(models);
        initial.initialize(recipe.seed());
        ParameterLayout layout = ParameterLayout.of(initial.module(), recipe.optimizer());
        this.state = new FlatState(options.device(), layout, initial);
        this.trainStep = new TrainStep(new Setup(
                recipe,
                topology,
                collective,
                state,
                replicas(models, lanes),
                threads,
                options.bucketFloats(),
                stop::isRequested));
        this.evaluator = new Evaluator(
                replicas(models, options.lanes()),
                state,
                threads,
                collective,
                recipe.batchNorm().epsilon(),
                recipe.evaluation().imagesPerBatch(),
                recipe.imagesPerWorker(),
                options.loaderThreads());
        this.audit = new Audit(collective);
        this.badTraining = badImages();
        this.badValidation = badImages();
    }

    private BadImages badImages() {
        return options.skipBadImages() ? BadImages.replaced() : BadImages.refused();
    }

    private ImageClassifier classifier(ModelFactory models) {
        torch.manual_seed(recipe.seed());
        return models.create(recipe.model(), data.shape(), data.classes());
    }

    private List<ImageClassifier> replicas(ModelFactory models, int count) {
        return IntStream.range(0, count).mapToObj(i -> classifier(models)).toList();
    }

    /**
     * Compares recipe, options and data across processes; every process must call it before {@link #restore} and {@link
     * #run}.
     *
     * @throws LockstepException naming the process that differs and in what
     */
    public void compareProcesses() {
        new ProcessComparison(collective).compare(recipe, options, fingerprint);
    }

    /**
     * Compares across processes everything that training changes: parameters, momentum, running statistics, learning rate
     * and position. Every process must call it between {@link #restore} and {@link #run}, which then does it by itself.
     *
     * @throws LockstepException of kind WORKER, naming the process that differs and in what
     */
    public void compareState() {
        int perEpoch = plan.iterationsPerEpoch();
        int[] samples =
                step >= totalSteps() ? new int[0] : plan.samples((int) (step / perEpoch), (int) (step % perEpoch), 0);
        audit.compare(step, learningRate.at(step), samples, state);
    }

    /**
     * Goes on from a checkpoint.
     *
     * @throws LockstepException of kind CHECKPOINT when it is of another recipe, of other data, or beyond the recipe's end
     */
    public void restore(Checkpoint checkpoint) {
        CheckpointFit.require(checkpoint, recipe, fingerprint, plan.iterationsPerEpoch());
        Books kept = Books.fromJson(checkpoint.trainer(), checkpoint.step(), plan.iterationsPerEpoch());
        checkpoint.restore(state);
        step = checkpoint.step();
        books = kept;
    }

    /** Iterations done. */
    public long step() {
        return step;
    }

    /** Iterations of the whole recipe. */
    public long totalSteps() {
        return (long) recipe.epochs() * plan.iterationsPerEpoch();
    }

    /** Whether every step and every evaluation of the recipe is done. */
    public boolean isFinished() {
        return step >= totalSteps() && !isEvaluationDue();
    }

    /** Whether the run was stopped between an epoch's last step and the end of its evaluation. */
    private boolean isEvaluationDue() {
        return books.epochsDone() < step / plan.iterationsPerEpoch();
    }

    public MinibatchPlan plan() {
        return plan;
    }

    public FlatState state() {
        return state;
    }

    /** Epochs that are trained and evaluated, those before a resume included. */
    public int epochsDone() {
        return books.epochsDone();
    }

    /** Results of the last five of those. */
    public List<EpochMetrics> lastEpochs() {
        return books.epochs();
    }

    /** Bad images that were met and replaced, those before a resume included. */
    public List<BadImage> replacedImages() {
        return books.badImages();
    }

    /** Training images a second over this session, evaluation left out; NaN before the first step. */
    public double imagesPerSecond() {
        return trainedImages == 0 ? Double.NaN : trainedImages / trainingSeconds;
    }

    /** The gradient noise scale of the steps so far. */
    public NoiseScale noiseScale() {
        return NoiseScale.of(books.noise());
    }

    /** Lanes that compute. */
    public int lanes() {
        return options.lanes();
    }

    /** Of the data that it trains on; see {@link OpenDataset#fingerprint}. */
    public String datasetFingerprint() {
        return fingerprint;
    }

    /** SHA-256 of the weights; see {@link Checkpoint#weightsSha256}. */
    public String weightsSha256() {
        return Checkpoint.weightsSha256(state.layout(), state.parameters());
    }

    /** Hands a copy of everything a resumed run needs to the writer. */
    public void checkpoint(CheckpointWriter writer) {
        writer.write(
                state,
                step,
                plan.iterationsPerEpoch(),
                recipe.toYaml(),
                fingerprint,
                data.training().classNames(),
                books.toJson());
    }

    /** Initial weights are part of the arithmetic: those that the recipe names, or none. */
    private void requireInitialWeights() {
        String wanted = recipe.model().weights();
        if (step == 0 && !wanted.equals("none") && !Weights.of(state, 0).id().equals(wanted)) {
            throw LockstepException.recipe(
                    "training would not start from the weights that the recipe names",
                    "model.weights = " + wanted,
                    "give their file with --weights, or start from the seed's with --set model.weights=none");
        }
    }

    /**
     * Trains until the recipe's end, or until it is asked to stop. A failure is told to the other processes before it is
     * thrown.
     *
     * @throws LockstepException of kind RECIPE when the recipe names initial weights and the network has others
     */
    public End run(Listener listener) {
        try {
            return train(listener);
        } catch (RuntimeException | Error e) {
            collective.fail(e);
            throw e;
        }
    }

    private End train(Listener listener) {
        requireInitialWeights();
        TorchRuntime.setThreads(1);
        int perEpoch = plan.iterationsPerEpoch();
        long last = totalSteps();
        long end = options.stopAfter() < 0 ? last : Math.min(last, options.stopAfter());
        if (isEvaluationDue() && !oneEvaluation(listener, System.nanoTime())) {
            return End.SIGNALLED;
        }
        try (BatchLoader loader = new BatchLoader(
                data.training(),
                data.trainingTransform(),
                badTraining,
                recipe.seed(),
                options.loaderThreads(),
                2 * options.lanes() + options.loaderThreads(),
                requests(step, end))) {
            long epochStart = System.nanoTime();
            while (step < end) {
                boolean stopping = oneStep(loader, listener);
                boolean epochDone = step % perEpoch == 0;
                boolean save = epochDone || isDue(options.checkpointEvery()) || stopping || step == end;
                if (save || isDue(options.auditEvery())) {
                    compareState();
                    requireFinite();
                }
                if (save) {
                    save(listener);
                }
                if (stopping) {
                    return End.SIGNALLED;
                }
                if (epochDone) {
                    if (!oneEvaluation(listener, epochStart)) {
                        return End.SIGNALLED;
                    }
                    epochStart = System.nanoTime();
                }
            }
        }
        if (end == 0) {
            requireFinite();
            listener.onCheckpoint();
        }
        return step >= last ? End.COMPLETED : End.STOPPED_AFTER;
    }

    /**
     * A step whose loss and gradient are finite may still bring weights that are not. Every process has the same state by
     * now, and finds the same.
     */
    private void requireFinite() {
        if (!state.isFinite()) {
            throw new LockstepException(
                    LockstepException.Kind.DIVERGED,
                    "training diverged: its weights are not finite",
                    "step = " + step + ", learning rate = " + (float) learningRate.at(Math.max(0, step - 1)),
                    "lower learning-rate.reference or lengthen learning-rate.warmup; the checkpoint before stays");
        }
    }

    private boolean isDue(long every) {
        return every > 0 && step % every == 0;
    }

    private static void save(Listener listener) {
        listener.flush();
        listener.onCheckpoint();
    }

    /** The batches of this process's workers in every step of [from, to), in order. */
    private Iterator<BatchRequest> requests(long from, long to) {
        int perEpoch = plan.iterationsPerEpoch();
        int first = topology.firstWorker(collective.rank());
        return LongStream.range(from, to)
                .boxed()
                .flatMap(s -> IntStream.range(first, first + topology.workersPerProcess())
                        .mapToObj(worker -> {
                            int epoch = (int) (s / perEpoch);
                            return new BatchRequest(
                                    s, epoch, worker, plan.samples(epoch, (int) (s % perEpoch), worker));
                        }))
                .iterator();
    }

    /** One iteration; returns whether some process asked to stop. */
    private boolean oneStep(BatchLoader loader, Listener listener) {
        long started = System.nanoTime();
        double rate = learningRate.at(step);
        TrainStep.Outcome outcome = trainStep.run(step, () -> batch(loader), rates(rate));
        double seconds = (System.nanoTime() - started) * 1e-9;
        int epoch = (int) (step / plan.iterationsPerEpoch());
        step++;
        trainedImages += plan.minibatch();
        trainingSeconds += seconds;
        if (outcome.replaced() > 0) {
            report("training", epoch, ReplacedImages.gather(collective, outcome.ownReplaced(), badTraining), listener);
        }
        NoiseScale noise = NoiseScale.of(books.noise())
                .plus(recipe.imagesPerWorker(), plan.minibatch(), outcome.workerSquaredNorm(), outcome.squaredNorm());
        books = books.plusStep(outcome.loss(), outcome.wrong(), noise.state());
        listener.onStep(new StepMetrics(
                step,
                epoch,
                rate,
                outcome.loss(),
                (double) outcome.wrong() / plan.minibatch(),
                plan.minibatch() / seconds,
                seconds,
                outcome.dataWaitSeconds(),
                outcome.exposedSeconds(),
                noise.images()));
        return outcome.stop();
    }

    /** Tells of bad images that are met for the first time. */
    private void report(String set, int epoch, Map<Integer, String> replaced, Listener listener) {
        List<BadImage> met = replaced.entrySet().stream()
                .filter(image -> !books.knows(set, image.getKey()))
                .map(image -> new BadImage(step, epoch, set, image.getKey(), image.getValue()))
                .toList();
        books = books.plusBadImages(met);
        met.forEach(listener::onBadImage);
    }

    private static HostBatch batch(BatchLoader loader) {
        return loader.next().orElseThrow(() -> new IllegalStateException("the loader ended before the recipe did"));
    }

    private MomentumSgd.Rates rates(double rate) {
        double previous = step == 0 ? rate : learningRate.at(step - 1);
        double weightDecay = recipe.optimizer().weightDecay();
        if (recipe.optimizer().weightDecayRate() == Recipe.WeightDecayRate.REFERENCE) {
            weightDecay *= recipe.learningRate().reference() * decay.factorAt(step) / rate;
        }
        return new MomentumSgd.Rates(rate, previous, weightDecay);
    }

    /**
     * The evaluation at the end of an epoch, whose weights are saved by now; saves again with its result.
     *
     * @return false when some process was asked to stop: the evaluation is left to whoever resumes the run
     */
    private boolean oneEvaluation(Listener listener, long startedNanos) {
        Optional<Evaluator.Result> measured =
                evaluator.evaluate(data.validation(), data.evaluationTransform(), badValidation, stop::isRequested);
        if (measured.isEmpty()) {
            return false;
        }
        Evaluator.Result result = measured.get();
        long steps = plan.iterationsPerEpoch();
        int number = (int) (step / steps) - 1;
        report("validation", number, result.replaced(), listener);
        EpochMetrics epoch = new EpochMetrics(
                number,
                step,
                books.epochLoss() / steps,
                (double) books.epochWrong() / (steps * plan.minibatch()),
                result.top1Error(),
                result.top5Error(),
                result.loss(),
                (System.nanoTime() - startedNanos) * 1e-9);
        books = books.plusEpoch(epoch);
        listener.onEpoch(epoch);
        compareState();
        save(listener);
        return true;
    }

    @Override
    public void close() {
        trainStep.close();
        threads.close();
    }
}
