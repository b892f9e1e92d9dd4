package dev.lockstep.plan;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.network.LayerNames;
import dev.lockstep.network.NetworkShape;
import dev.lockstep.network.Networks;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.sampling.MinibatchPlan;
import dev.lockstep.schedule.LearningRate;
import dev.lockstep.topology.Topology;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;

/**
 * A prediction of a run before it starts: a function of the recipe, the dataset's sizes and the machines.
 *
 * @param topology which process runs which workers
 * @param lanes compute threads of each process
 * @param cut of an epoch into minibatches
 * @param network empty if the size is known only after building the network
 */
public record Plan(
        Recipe recipe,
        DatasetFacts data,
        Topology topology,
        int lanes,
        MinibatchPlan cut,
        Optional<NetworkShape> network) {
    private static final int MOST_WARMUP_ROWS = 11;

    /** A point of the learning rate's curve. */
    public record RatePoint(double epoch, long iteration, double rate) {}

    /**
     * @param lanes at most the workers of a process are used
     * @throws LockstepException of kind RECIPE when the minibatch is larger than the dataset, P exceeds k, or
     *     there is no such network or layer
     */
    public static Plan of(Recipe recipe, DatasetFacts data, int processes, int lanes) {
        if (lanes < 1) {
            throw LockstepException.recipe("lanes = " + lanes, "", "use at least one lane");
        }
        Topology topology = Topology.equal(recipe.workers(), processes);
        Optional<NetworkShape> network = Networks.named(recipe.model()).shape(recipe.model(), data.task());
        network.ifPresent(shape -> LayerNames.require(recipe, shape.parameterNames()));
        return new Plan(
                recipe,
                data,
                topology,
                Math.min(lanes, topology.mostWorkers()),
                recipe.minibatchPlan(data.trainingImages()),
                network);
    }

    public int minibatch() {
        return cut.minibatch();
    }

    /** kn over the reference minibatch: the k of the linear scaling rule. */
    public double scalingFactor() {
        return (double) minibatch() / recipe.learningRate().referenceMinibatch();
    }

    public int iterationsPerEpoch() {
        return cut.iterationsPerEpoch();
    }

    public long iterations() {
        return (long) recipe.epochs() * iterationsPerEpoch();
    }

    public LearningRate learningRate() {
        return recipe.schedule(iterationsPerEpoch());
    }

    /** The rate at which training ends. */
    public double finalRate() {
        return learningRate().at(iterations() - 1);
    }

    /** 0 when there is no warmup or it changes nothing. */
    public long warmupIterations() {
        boolean rises = recipe.scaledLearningRate() > recipe.learningRate().reference();
        return rises ? recipe.warmupIterations(iterationsPerEpoch()) : 0;
    }

    /** The increment of gradual warmup per iteration; 0 for the other kinds. */
    public double warmupIncrement() {
        boolean gradual = recipe.learningRate().warmup().kind() == Recipe.WarmupKind.GRADUAL;
        return gradual && warmupIterations() > 0
                ? (recipe.scaledLearningRate() - recipe.learningRate().reference()) / warmupIterations()
                : 0;
    }

    /** The rate at the start of warmup, at up to nine points in between, and at its end; empty without warmup. */
    public List<RatePoint> warmupTable() {
        long iterations = warmupIterations();
        if (iterations == 0) {
            return List.of();
        }
        double epochs = (double) iterations / iterationsPerEpoch();
        long wholeEpochs = (long) Math.floor(epochs);
        boolean byEpoch = wholeEpochs >= 2 && wholeEpochs <= MOST_WARMUP_ROWS - 2;
        TreeSet<Long> rows = new TreeSet<>(List.of(0L, iterations));
        long steps = byEpoch ? wholeEpochs : Math.min(5, iterations);
        double stride = byEpoch ? iterationsPerEpoch() : (double) iterations / steps;
        LongStream.rangeClosed(1, steps).map(i -> Math.round(i * stride)).forEach(rows::add);
        return rows.stream().map(this::pointAt).toList();
    }

    /** Every drop of a step schedule within the training, or the quarters of a cosine; empty for a constant rate. */
    public List<RatePoint> decays() {
        Recipe.Schedule schedule = recipe.learningRate().schedule();
        DoubleStream epochs = switch (schedule.kind()) {
            case CONSTANT -> DoubleStream.empty();
            case COSINE -> DoubleStream.of(0.25, 0.5, 0.75).map(quarter -> quarter * recipe.epochs());
            case STEP -> schedule.epochs().stream().mapToDouble(Double::doubleValue);
        };
        return epochs.mapToLong(epoch -> Math.round(epoch * iterationsPerEpoch()))
                .filter(iteration -> iteration < iterations())
                .mapToObj(this::pointAt)
                .toList();
    }

    private RatePoint pointAt(long iteration) {
        return new RatePoint(
                (double) iteration / iterationsPerEpoch(),
                iteration,
                learningRate().at(iteration));
    }

    /** Empty if the size of the network is unknown. */
    public Optional<Memory> memory() {
        return network.map(shape -> Memory.of(shape, recipe, lanes, topology.mostWorkers()));
    }

    /**
     * How many lanes of a process fit into the memory of its card; 0 if not even one does. Empty if the size of the network
     * is unknown.
     *
     * @param bytes that tensors may take
     */
    public Optional<Integer> lanesWithin(long bytes) {
        return network.map(shape -> Memory.lanesWithin(shape, recipe, topology.mostWorkers(), bytes));
    }

    /** Empty if the size of the network is unknown. */
    public Optional<Traffic> traffic() {
        return network.map(shape -> Traffic.of(shape, topology));
    }
}
