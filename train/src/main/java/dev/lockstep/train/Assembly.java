package dev.lockstep.train;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.checkpoint.Weights;
import dev.lockstep.collective.Collective;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.BadImages;
import dev.lockstep.image.BatchLoader;
import dev.lockstep.image.BatchRequest;
import dev.lockstep.image.BufferPool;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.model.FlatState;
import dev.lockstep.model.ImageClassifier;
import dev.lockstep.model.LayerGroups;
import dev.lockstep.model.ModelFactory;
import dev.lockstep.model.ParameterLayout;
import dev.lockstep.optim.Optimizer;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.sampling.MinibatchPlan;
import dev.lockstep.schedule.Decay;
import dev.lockstep.schedule.LearningRate;
import dev.lockstep.topology.Topology;
import dev.lockstep.topology.WorkerSplit;
import dev.lockstep.torch.Arithmetic;
import dev.lockstep.torch.TorchRuntime;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.global.torch;

/**
 * What a process needs to train its share of a recipe: network, data, threads and group. {@link #begin} compares it with
 * the other processes, restores a checkpoint and returns the {@link Trainer}.
 */
public final class Assembly implements AutoCloseable {
    final Recipe recipe;
    final OpenDataset data;
    final RunOptions options;
    final StopSignal stop;
    final MinibatchPlan plan;
    final LearningRate learningRate;
    final Decay decay;
    final FlatState state;
    final TrainStep trainStep;
    final Evaluator evaluator;
    final BadImages badTraining;
    final BadImages badValidation;
    final String fingerprint;

    Collective collective;
    Audit audit;

    private final int lanes;
    private final ModelFactory models;
    private final LaneThreads threads;
    /** Of the loaders, each of which follows another when the group changes. */
    private final BufferPool buffers;

    /** @throws LockstepException when recipe, data and processes do not fit each other */
    public Assembly(
            Recipe recipe,
            ModelFactory models,
            OpenDataset data,
            Collective collective,
            RunOptions options,
            StopSignal stop) {
        TorchRuntime.load();
        this.recipe = recipe;
        this.models = models;
        this.data = data;
        this.collective = collective;
        this.options = options;
        this.stop = stop;
        Topology topology = options.workerSplit().divide(recipe.workers(), collective.size());
        this.plan = recipe.minibatchPlan(data.trainingLabels());
        this.learningRate = recipe.schedule(plan.iterationsPerEpoch());
        this.decay = recipe.decay(plan.iterationsPerEpoch());
        this.fingerprint = data.fingerprint();
        int mostWorkers = options.workerSplit().moves() ? recipe.workers() : topology.workersOf(collective.rank());
        ImageClassifier initial = classifier(models);
        initial.initialize(recipe.seed());
        ParameterLayout layout = ParameterLayout.of(initial.module(), recipe.optimizer());
        LayerGroups groups = LayerGroups.of(recipe, layout);
        options.device().prepare(arithmetic(recipe));
        this.state = new FlatState(options.device(), layout, recipe.optimizer().state(), initial);
        List<ImageClassifier> replicas = new ArrayList<>(replicas(models, 1));
        this.lanes = options.lanes() == RunOptions.LANES_THAT_FIT
                ? new LaneFit(recipe, state, groups, data.shape()).measure(replicas.get(0), mostWorkers)
                : options.lanes();
        replicas.addAll(replicas(models, Math.min(lanes, mostWorkers) - 1));
        this.buffers = new BufferPool(readAhead() + options.loaderThreads() + lanes);
        this.threads = new LaneThreads(options.device(), lanes, recipe.threadsPerWorker());
        this.trainStep = new TrainStep(new Setup(
                recipe,
                topology,
                collective,
                state,
                groups,
                data.classes(),
                replicas,
                threads,
                options.bucketFloats(),
                stop::isRequested));
        this.evaluator = new Evaluator(
                replicas(models, lanes),
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

    private static Arithmetic arithmetic(Recipe recipe) {
        return Arithmetic.valueOf(recipe.precision().name());
    }

    /** Compute threads of this process. */
    public int lanes() {
        return lanes;
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

    /** A trainer at the recipe's start. */
    public Trainer begin() {
        return begin(Optional::empty);
    }

    /**
     * A trainer at a checkpoint, or at the recipe's start if there is none. Compares the processes before and after:
     * recipe, options and data, then the step and all trained state. Every process must call it.
     *
     * @param start finds the checkpoint; called after the first comparison, on rank 0 only: the others get its state from
     *     there
     * @throws LockstepException naming the process that differs and the difference; of kind CHECKPOINT when the
     *     checkpoint is of another recipe, of other data, or beyond the recipe's end; of kind RECIPE when the recipe
     *     names initial weights and the network has different ones
     */
    public Trainer begin(Supplier<Optional<Checkpoint>> start) {
        Positions positions = compare(Positions.NOT_STARTED, Positions.NOT_STARTED);
        if (positions.isRunning()) {
            Trainer trainer = trainer(new StateBroadcast(collective, positions.source()).receive(state));
            trainer.join(positions);
            return trainer;
        }
        // The checkpoint's tensors are on the heap: nothing may keep them alive during the run.
        Trainer trainer = trainer(new StateBroadcast(collective, 0)
                .share(state, () -> start.get().map(this::restore).orElse(StateBroadcast.Start.FROM_SCRATCH)));
        trainer.compareState();
        if (trainer.step() == 0) {
            requireInitialWeights();
        }
        return trainer;
    }

    /** Compares the processes, and tells how far each has come. */
    Positions compare(long position, long settled) {
        new ProcessComparison(collective).compare(recipe, options, fingerprint);
        return Positions.gather(collective, position, settled);
    }

    /** Continues with another group. */
    void regroup(Collective next) {
        collective = next;
        audit = new Audit(next);
        evaluator.regroup(next);
        Topology division = division();
        trainStep.regroup(next, division);
        // With fewer processes, each has more workers than at its start.
        int wanted = Math.min(lanes, division.workersOf(next.rank()));
        trainStep.addLanes(replicas(models, Math.max(0, wanted - trainStep.lanes())));
    }

    /** Given shares are those of the first group. */
    private Topology division() {
        boolean given = options.workerSplit().sizes().size() == collective.size();
        return (given ? options.workerSplit() : WorkerSplit.EQUAL).divide(recipe.workers(), collective.size());
    }

    /** Initial weights are part of the arithmetic: the ones that the recipe names, or none. */
    private void requireInitialWeights() {
        String wanted = recipe.model().weights();
        boolean newHead = recipe.model().newHead();
        if (newHead && wanted.equals("none")) {
            throw LockstepException.recipe(
                    "a new head needs weights for the other layers",
                    "model.new-head = true, model.weights = none",
                    "give their weights file, or leave new-head out");
        }
        Weights all = Weights.of(state, 0);
        Weights given = newHead ? all.without(state.layout().head()) : all;
        if (!wanted.equals("none") && !given.id().equals(wanted)) {
            throw LockstepException.recipe(
                    "training would not start from the weights that the recipe names",
                    "model.weights = " + wanted,
                    "give their weights file, or start from the seed's initial weights");
        }
    }

    private StateBroadcast.Start restore(Checkpoint checkpoint) {
        CheckpointFit.require(checkpoint, recipe, data.task(), fingerprint, plan.iterationsPerEpoch());
        TrainerState.fromJson(checkpoint.trainer(), checkpoint.step(), plan.iterationsPerEpoch());
        checkpoint.restore(state);
        return new StateBroadcast.Start(checkpoint.step(), checkpoint.trainer(), null);
    }

    private Trainer trainer(StateBroadcast.Start start) {
        return start.step() < 0
                ? Trainer.atStart(this)
                : new Trainer(
                        this,
                        start.step(),
                        TrainerState.fromJson(start.trainer(), start.step(), plan.iterationsPerEpoch()),
                        true);
    }

    /** Loads the batches of this process's workers in every step of [from, to), in order. */
    BatchLoader loader(long from, long to) {
        return new BatchLoader(
                data.training(),
                data.trainingTransform(),
                badTraining,
                recipe.seed(),
                options.loaderThreads(),
                readAhead(),
                requests(from, to),
                buffers);
    }

    private int readAhead() {
        return 2 * lanes + options.loaderThreads();
    }

    private Iterator<BatchRequest> requests(long from, long to) {
        int perEpoch = plan.iterationsPerEpoch();
        Topology topology = trainStep.topology();
        int first = topology.firstWorker(collective.rank());
        int count = topology.workersOf(collective.rank());
        return LongStream.range(from, to)
                .boxed()
                .flatMap(s -> IntStream.range(first, first + count).mapToObj(worker -> {
                    int epoch = (int) (s / perEpoch);
                    return new BatchRequest(s, epoch, worker, plan.samples(epoch, (int) (s % perEpoch), worker));
                }))
                .iterator();
    }

    /** The rates of an iteration. */
    Optimizer.Rates rates(long step) {
        double rate = learningRate.at(step);
        double previous = step == 0 ? rate : learningRate.at(step - 1);
        double weightDecay = recipe.optimizer().weightDecay();
        if (recipe.optimizer().weightDecayRate() == Recipe.WeightDecayRate.REFERENCE) {
            weightDecay *= recipe.learningRate().reference() * decay.factorAt(step) / rate;
        }
        return new Optimizer.Rates(rate, previous, weightDecay);
    }

    /** Assigns images to minibatches and workers. */
    public MinibatchPlan plan() {
        return plan;
    }

    /** Parameters, optimizer state and running statistics of the network. */
    public FlatState state() {
        return state;
    }

    @Override
    public void close() {
        trainStep.close();
        threads.close();
    }
}
