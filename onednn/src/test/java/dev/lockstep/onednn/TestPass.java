package dev.lockstep.onednn;

import dev.lockstep.image.ImageShape;
import dev.lockstep.model.Engine;
import dev.lockstep.model.Engines;
import dev.lockstep.model.FlatState;
import dev.lockstep.model.ImageClassifier;
import dev.lockstep.model.LayerGroups;
import dev.lockstep.model.Models;
import dev.lockstep.model.ParameterLayout;
import dev.lockstep.model.WorkerPass;
import dev.lockstep.network.NetworkGraph;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.Tensors;
import dev.lockstep.torch.TorchRuntime;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.bytedeco.pytorch.AbstractTensor;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** One worker of a network with random images, computed by each engine and by libtorch in float64. */
final class TestPass {
    static final double EPSILON = 1e-5;
    private static final int CLASSES = 10;

    private final Recipe recipe;
    private final ImageShape shape;
    final ParameterLayout layout;
    final FlatState state;
    private final Tensor images;
    private final Tensor labels;

    /**
     * What a worker contributed.
     *
     * @param completed slots in the order in which they were reported
     */
    record Result(double loss, float[] logits, float[] gradients, float[] statistics, List<Integer> completed) {}

    TestPass(String model, int n, int channels, int side, Recipe.Precision precision) {
        TorchRuntime.load();
        TorchRuntime.setThreads(1);
        this.recipe = RecipeFile.parse(
                "{name: test, epochs: 1, workers: 1, images-per-worker: " + n + ", engine: onednn, precision: "
                        + (precision == Recipe.Precision.BF16 ? "bf16" : "float32")
                        + ", data: {dataset: synthetic}, model: {name: " + model + ", zero-init-residual: false}}",
                "test",
                Map.of());
        this.shape = new ImageShape(channels, side, side);
        ImageClassifier initial = classifier();
        initial.initialize(1);
        this.layout = ParameterLayout.of(initial.module(), recipe.optimizer());
        this.state = new FlatState(layout, initial);
        torch.manual_seed(2);
        this.images = torch.randn(n, side, side, channels).permute(0, 3, 1, 2);
        Random random = new Random(3);
        this.labels = AbstractTensor.create(random.longs(n, 0, CLASSES).toArray());
    }

    private ImageClassifier classifier() {
        return Models.create(recipe.model(), shape, CLASSES);
    }

    NetworkGraph graph() {
        return classifier().graph().orElseThrow();
    }

    void scaleParameters(double factor) {
        state.parameters().mul_(new Scalar(factor));
    }

    /** A lane with buffers of its own. */
    final class OwnLane implements AutoCloseable {
        private final Tensor gradients = torch.zeros(layout.parameters());
        private final Tensor statistics = torch.zeros(layout.statistics());
        private final List<Integer> completed = new ArrayList<>();
        private final WorkerPass pass;

        OwnLane(Recipe.Engine engine) {
            Recipe own = engine == Recipe.Engine.LIBTORCH
                    ? recipe.with(Map.of("engine", "libtorch", "precision", "float32"))
                    : recipe;
            this.pass = Engines.pass(
                    own,
                    classifier(),
                    new Engine.Input(
                            state,
                            gradients,
                            statistics,
                            EPSILON,
                            recipe.imagesPerWorker(),
                            1,
                            own.precision(),
                            LayerGroups.none(layout),
                            completed::add));
        }

        void parametersChanged() {
            pass.parametersChanged();
        }

        long arenaBytes() {
            return ((OneDnnPass) pass).arenaBytes();
        }

        long copiesBytes() {
            return ((OneDnnPass) pass).copiesBytes();
        }

        Result compute(int workers) {
            completed.clear();
            try (StepScope scope = new StepScope()) {
                WorkerPass.Outcome outcome = pass.compute(images, labels, workers, logits -> {});
                return new Result(
                        outcome.loss().item_double(),
                        Tensors.toArray(outcome.logits()),
                        Tensors.toArray(gradients),
                        Tensors.toArray(statistics),
                        List.copyOf(completed));
            }
        }

        /** The bytes of Java objects that a worker leaves behind. */
        long garbage() {
            com.sun.management.ThreadMXBean threads =
                    (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
            long before = threads.getCurrentThreadAllocatedBytes();
            try (StepScope scope = new StepScope()) {
                pass.compute(images, labels, 1, logits -> {});
            }
            return threads.getCurrentThreadAllocatedBytes() - before;
        }

        @Override
        public void close() {
            pass.close();
        }
    }

    Result computed(Recipe.Engine engine) {
        try (OwnLane lane = new OwnLane(engine)) {
            return lane.compute(1);
        }
    }

    /** The gradients in float64, in the flat order. */
    double[] exact() {
        double[] flat = new double[(int) layout.parameters()];
        try (StepScope scope = new StepScope()) {
            ImageClassifier network = classifier();
            List<Tensor> own = layout.parametersOf(network.module());
            for (int i = 0; i < own.size(); i++) {
                own.get(i)
                        .detach()
                        .copy_(ParameterLayout.view(
                                state.parameters(), layout.slots().get(i)));
            }
            ParameterLayout.configureBatchNorm(network.module(), EPSILON);
            network.module().to(ScalarType.Double, false);
            network.module().train(true);
            Tensor logits = network.forward(images.contiguous().to(ScalarType.Double));
            torch.cross_entropy_loss(logits, labels).mul(new Scalar(1.0)).backward();
            List<Tensor> converted = layout.parametersOf(network.module());
            for (int i = 0; i < converted.size(); i++) {
                ParameterLayout.Slot slot = layout.slots().get(i);
                Tensor gradient = converted.get(i).grad();
                Tensor inOrder = gradient.dim() == 4 ? gradient.permute(0, 2, 3, 1) : gradient;
                double[] values = Tensors.toDoubles(inOrder.contiguous());
                System.arraycopy(values, 0, flat, (int) slot.offset(), values.length);
            }
        }
        return flat;
    }

    /** |a − b| / |b| over a part. */
    static double distance(float[] a, double[] b, long from, long to) {
        double difference = 0;
        double norm = 0;
        for (int i = (int) from; i < to; i++) {
            difference += (a[i] - b[i]) * (a[i] - b[i]);
            norm += b[i] * b[i];
        }
        return Math.sqrt(difference / norm);
    }

    static double[] doubles(float[] values) {
        double[] wide = new double[values.length];
        Arrays.setAll(wide, i -> values[i]);
        return wide;
    }
}
