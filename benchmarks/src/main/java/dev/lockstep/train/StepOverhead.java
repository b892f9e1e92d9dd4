package dev.lockstep.train;

import dev.lockstep.collective.SoloCollective;
import dev.lockstep.image.BatchRequest;
import dev.lockstep.image.HostBatch;
import dev.lockstep.image.ImageShape;
import dev.lockstep.model.FlatState;
import dev.lockstep.model.ImageClassifier;
import dev.lockstep.model.LayerGroups;
import dev.lockstep.model.Models;
import dev.lockstep.model.ParameterLayout;
import dev.lockstep.model.Replica;
import dev.lockstep.optim.Optimizer.Rates;
import dev.lockstep.recipe.OptimizerSettings;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import dev.lockstep.topology.Topology;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.TorchRuntime;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The cost of a step beyond forward and backward, on one lane (compute thread) with k = 4 and n = 32: {@code step} is a
 * whole {@link TrainStep}, {@code arithmetic} the same forward and backward passes and nothing else. The network {@code
 * idle} has as many parameters as {@code resnet20} but hardly any arithmetic, so its whole step is overhead: compare
 * its median (p0.50) with the step of {@code resnet20}. {@code noiseScale} is the cost per step of measuring the
 * gradient noise scale: the norms of every worker's gradient and of their sum.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 1, jvmArgsAppend = "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0")
@Warmup(iterations = 2, time = 3)
@Measurement(iterations = 3, time = 5)
public class StepOverhead {
    private static final int WORKERS = 4;
    private static final int IMAGES = 32;
    private static final int CLASSES = 10;
    private static final ImageShape SHAPE = new ImageShape(1, 28, 28);
    private static final Rates RATES = new Rates(0.01, 0.01, 1e-4);

    @Param({"idle", "resnet20"})
    private String network = "idle";

    private LaneThreads threads = new LaneThreads(Device.cpu(), 1, 1);
    private TrainStep step = made("idle");
    private Replica bare = bare("idle");
    private Tensor gradients = gradients("idle");
    private long number;

    /** One large matrix whose gradient is written but not computed. */
    private static final class Idle extends Module implements ImageClassifier {
        private final LinearImpl fc = register_module("fc", new LinearImpl(1, CLASSES));
        private final Tensor bulk = register_parameter("bulk", torch.zeros(512, 531));

        @Override
        public Tensor forward(Tensor images) {
            return fc.forward(images.mean(2, 3)).add(bulk.sum());
        }
    }

    @org.openjdk.jmh.annotations.Setup(Level.Trial)
    public void setUp() {
        TorchRuntime.setThreads(1);
        step.close();
        step = made(network);
        bare = bare(network);
        gradients = gradients(network);
    }

    @TearDown(Level.Trial)
    public void tearDown() {
        step.close();
        threads.close();
    }

    @Benchmark
    public double step() {
        ConcurrentLinkedQueue<HostBatch> batches = new ConcurrentLinkedQueue<>(BATCHES);
        return step.run(number++, batches::remove, RATES).loss();
    }

    @Benchmark
    public double arithmetic() {
        double loss = 0;
        for (HostBatch batch : BATCHES) {
            try (StepScope scope = new StepScope()) {
                DeviceBatch input = DeviceBatch.of(Device.cpu(), batch);
                Tensor mean = torch.cross_entropy_loss(bare.forward(input.images()), input.labels());
                mean.backward();
                loss += mean.item_float();
            }
        }
        return loss;
    }

    @Benchmark
    public double noiseScale() {
        double squaredNorms = 0;
        for (int gradient = 0; gradient < WORKERS + 1; gradient++) {
            try (StepScope scope = new StepScope()) {
                squaredNorms += gradients.dot(gradients).item_float();
            }
        }
        return squaredNorms;
    }

    private static ImageClassifier classifier(String name) {
        TorchRuntime.load();
        return name.equals("idle") ? new Idle() : Models.create(recipe(name).model(), SHAPE, CLASSES);
    }

    private static Recipe recipe(String name) {
        return RecipeFile.parse(
                "{name: x, epochs: 1, workers: " + WORKERS + ", images-per-worker: " + IMAGES
                        + ", data: {dataset: synthetic}, model: {name: " + name + "}}",
                "benchmark",
                Map.of());
    }

    private static FlatState state(ImageClassifier initial) {
        initial.initialize(1);
        OptimizerSettings optimizer = recipe("x").optimizer();
        return new FlatState(Device.cpu(), ParameterLayout.of(initial.module(), optimizer), optimizer.state(), initial);
    }

    private TrainStep made(String name) {
        FlatState state = state(classifier(name));
        return new TrainStep(new Setup(
                recipe(name),
                Topology.equal(WORKERS, 1),
                new SoloCollective(),
                state,
                LayerGroups.none(state.layout()),
                CLASSES,
                List.of(classifier(name)),
                threads,
                RunOptions.DEFAULT_BUCKET_FLOATS,
                () -> false));
    }

    private static Tensor gradients(String name) {
        return torch.ones(state(classifier(name)).layout().parameters()).retainReference();
    }

    private static Replica bare(String name) {
        FlatState state = state(classifier(name));
        Tensor buffer = torch.zeros(state.layout().parameters() + state.layout().statistics())
                .retainReference();
        long parameters = state.layout().parameters();
        return Replica.training(
                classifier(name),
                state,
                buffer.narrow(0, 0, parameters),
                buffer.narrow(0, parameters, state.layout().statistics()),
                1e-5,
                LayerGroups.none(state.layout()),
                slot -> {});
    }

    private static final List<HostBatch> BATCHES =
            IntStream.range(0, WORKERS).<HostBatch>mapToObj(StepOverhead::batch).toList();

    private static HostBatch batch(int worker) {
        Random random = new Random(worker);
        FloatBuffer pixels = ByteBuffer.allocateDirect(IMAGES * SHAPE.floats() * Float.BYTES)
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
        while (pixels.hasRemaining()) {
            pixels.put((float) random.nextGaussian());
        }
        long[] labels = random.longs(IMAGES, 0, CLASSES).toArray();
        return new MadeUp(new BatchRequest(0, 0, worker, new int[IMAGES]), SHAPE, pixels.rewind(), labels);
    }

    private record MadeUp(BatchRequest request, ImageShape shape, FloatBuffer pixels, long[] labels)
            implements HostBatch {
        @Override
        public void close() {}
    }
}
