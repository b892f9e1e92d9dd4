package dev.lockstep.train;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.checkpoint.HostTensor;
import dev.lockstep.collective.Collective;
import dev.lockstep.collective.SoloCollective;
import dev.lockstep.image.BatchRequest;
import dev.lockstep.image.HostBatch;
import dev.lockstep.image.ImageShape;
import dev.lockstep.model.FlatState;
import dev.lockstep.model.ImageClassifier;
import dev.lockstep.model.LayerGroups;
import dev.lockstep.model.Models;
import dev.lockstep.model.ParameterLayout;
import dev.lockstep.model.ParameterLayout.Slot;
import dev.lockstep.optim.Optimizer;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import dev.lockstep.topology.Topology;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.TorchRuntime;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** A {@link TrainStep} over hand-made batches, without data or schedule. */
final class TestStep implements AutoCloseable {
    private final FlatState state;
    private final TrainStep step;
    private final LaneThreads threads;

    private TestStep(FlatState state, TrainStep step, LaneThreads threads) {
        this.state = state;
        this.step = step;
        this.threads = threads;
    }

    static TestStep create(
            Recipe recipe,
            ImageShape shape,
            int classes,
            int lanes,
            long bucketFloats,
            BiConsumer<ImageClassifier, List<Slot>> initialize) {
        Supplier<ImageClassifier> network = () -> Models.create(recipe.model(), shape, classes);
        return create(recipe, network, lanes, bucketFloats, initialize, () -> false);
    }

    /** A step of any network. */
    static TestStep create(
            Recipe recipe,
            Supplier<? extends ImageClassifier> network,
            int lanes,
            long bucketFloats,
            BiConsumer<ImageClassifier, List<Slot>> initialize,
            BooleanSupplier stopRequested) {
        return create(recipe, network, lanes, bucketFloats, initialize, stopRequested, new SoloCollective());
    }

    /** A step of one process of a group. */
    static TestStep create(
            Recipe recipe,
            Supplier<? extends ImageClassifier> network,
            int lanes,
            long bucketFloats,
            BiConsumer<ImageClassifier, List<Slot>> initialize,
            BooleanSupplier stopRequested,
            Collective group) {
        return create(recipe, network, lanes, bucketFloats, initialize, stopRequested, group, Device.cpu());
    }

    /** The same on another device. */
    static TestStep create(
            Recipe recipe,
            Supplier<? extends ImageClassifier> network,
            int lanes,
            long bucketFloats,
            BiConsumer<ImageClassifier, List<Slot>> initialize,
            BooleanSupplier stopRequested,
            Collective group,
            Device device) {
        TorchRuntime.load();
        ImageClassifier initial = network.get();
        ParameterLayout layout = ParameterLayout.of(initial.module(), recipe.optimizer());
        initialize.accept(initial, layout.slots());
        FlatState state = new FlatState(device, layout, recipe.optimizer().state(), initial);
        LaneThreads threads = new LaneThreads(device, lanes, recipe.threadsPerWorker());
        List<ImageClassifier> replicas =
                Stream.<ImageClassifier>generate(network::get).limit(lanes).toList();
        TrainStep step = new TrainStep(new Setup(
                recipe,
                Topology.equal(recipe.workers(), group.size()),
                group,
                state,
                LayerGroups.of(recipe, layout),
                outputs(layout),
                replicas,
                threads,
                bucketFloats,
                stopRequested));
        return new TestStep(state, step, threads);
    }

    /** Rows of the last layer. */
    private static int outputs(ParameterLayout layout) {
        return layout.slots().stream()
                .filter(slot -> slot.name().equals(layout.head() + ".weight"))
                .mapToInt(slot -> (int) slot.shape()[0])
                .findFirst()
                .orElseThrow();
    }

    static Recipe recipe(int workers, int imagesPerWorker, String... lines) {
        String yaml = "name: test\nepochs: 1\nworkers: " + workers + "\nimages-per-worker: " + imagesPerWorker
                + "\ndata: {dataset: synthetic}\n" + String.join("\n", lines) + "\n";
        return RecipeFile.parse(yaml, "test", Map.of());
    }

    static FloatBuffer direct(int floats) {
        return ByteBuffer.allocateDirect(floats * Float.BYTES)
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
    }

    static HostBatch batch(long step, int worker, ImageShape shape, FloatBuffer pixels, long[] labels) {
        return new TestBatch(new BatchRequest(step, 0, worker, new int[labels.length]), shape, pixels, labels);
    }

    private record TestBatch(BatchRequest request, ImageShape shape, FloatBuffer pixels, long[] labels)
            implements HostBatch {
        @Override
        public void close() {}
    }

    TrainStep.Outcome run(long number, Supplier<HostBatch> next, Optimizer.Rates rates) {
        return step.run(number, next, rates);
    }

    String weightsSha256() {
        return Checkpoint.weightsSha256(state.layout(), state.parameters());
    }

    /** All that training changes, by the names that checkpoints use. */
    SortedMap<String, float[]> tensors() {
        SortedMap<String, float[]> values = new TreeMap<>();
        Checkpoint.tensors(state, 0).forEach((name, tensor) -> {
            if (tensor.type() == HostTensor.Type.F32) {
                values.put(name, tensor.floats());
            }
        });
        return values;
    }

    FlatState state() {
        return state;
    }

    @Override
    public void close() {
        step.close();
        threads.close();
    }
}
