package dev.lockstep.benchmarks;

import dev.lockstep.image.ImageShape;
import dev.lockstep.model.Engine;
import dev.lockstep.model.Engines;
import dev.lockstep.model.FlatState;
import dev.lockstep.model.ImageClassifier;
import dev.lockstep.model.LayerGroups;
import dev.lockstep.model.Models;
import dev.lockstep.model.ParameterLayout;
import dev.lockstep.model.WorkerPass;
import dev.lockstep.network.ClassificationTask;
import dev.lockstep.network.Networks;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import dev.lockstep.torch.StepScope;
import dev.lockstep.torch.TorchRuntime;
import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.pytorch.AbstractTensor;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The processor time of one worker, forward and backward, with each engine, on one thread and in turns; so it can be measured
 * on a machine that others use. The weights are those of a step of their own: the copies of a step are included.
 */
public final class EngineTimes {
    private EngineTimes() {}

    /**
     * @param arguments network, images of the worker, channels × height × width as {@code 3x224x224}, classes, rounds
     */
    public static void main(String[] arguments) {
        String network = arguments[0];
        int n = Integer.parseInt(arguments[1]);
        String[] sizes = arguments[2].split("x", -1);
        ImageShape shape =
                new ImageShape(Integer.parseInt(sizes[0]), Integer.parseInt(sizes[1]), Integer.parseInt(sizes[2]));
        int classes = Integer.parseInt(arguments[3]);
        int rounds = Integer.parseInt(arguments[4]);
        TorchRuntime.load();
        Recipe recipe = RecipeFile.parse(
                "{name: engines, epochs: 1, workers: 1, images-per-worker: " + n
                        + ", data: {dataset: synthetic}, model: {name: " + network + ", zero-init-residual: false}}",
                "engines",
                Map.of());
        ImageClassifier initial = Models.create(recipe.model(), shape, classes);
        initial.initialize(1);
        FlatState state = new FlatState(ParameterLayout.of(initial.module(), recipe.optimizer()), initial);
        Map<String, WorkerPass> passes = new LinkedHashMap<>();
        passes.put("libtorch", pass(recipe, shape, classes, state));
        passes.put("onednn", pass(recipe.withEngine(Recipe.Engine.ONEDNN), shape, classes, state));
        try {
            Recipe bf16 = recipe.with(Map.of("engine", "onednn", "precision", "bf16"));
            passes.put("onednn, bf16", pass(bf16, shape, classes, state));
        } catch (RuntimeException e) {
            System.out.println("bf16: " + e.getMessage());
        }
        Tensor images =
                torch.randn(n, shape.height(), shape.width(), shape.channels()).permute(0, 3, 1, 2);
        Tensor labels = AbstractTensor.create(new long[n]);
        Map<String, Double> best = new LinkedHashMap<>();
        for (int round = 0; round <= rounds; round++) {
            for (Map.Entry<String, WorkerPass> entry : passes.entrySet()) {
                double seconds = seconds(entry.getValue(), images, labels);
                // The first touches its memory for the first time.
                if (round > 0) {
                    best.merge(entry.getKey(), seconds, Math::min);
                }
            }
        }
        report(recipe, shape, classes, n, best);
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    private static WorkerPass pass(Recipe recipe, ImageShape shape, int classes, FlatState state) {
        Tensor gradients = torch.zeros(state.layout().parameters());
        Tensor statistics = torch.zeros(Math.max(1, state.layout().statistics()));
        return Engines.pass(
                recipe,
                Models.create(recipe.model(), shape, classes),
                new Engine.Input(
                        state,
                        gradients,
                        statistics,
                        1e-5,
                        recipe.imagesPerWorker(),
                        1,
                        recipe.precision(),
                        LayerGroups.none(state.layout()),
                        slot -> {}));
    }

    private static double seconds(WorkerPass pass, Tensor images, Tensor labels) {
        long started = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
        try (StepScope scope = new StepScope()) {
            pass.parametersChanged();
            pass.compute(images, labels, 1, logits -> {});
        }
        return (ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - started) * 1e-9;
    }

    private static void report(Recipe recipe, ImageShape shape, int classes, int n, Map<String, Double> best) {
        double flops = 3
                * n
                * Networks.named(recipe.model())
                        .shape(
                                recipe.model(),
                                new ClassificationTask(shape.channels(), shape.height(), shape.width(), classes))
                        .orElseThrow()
                        .forwardFlops();
        double libtorch = best.getOrDefault("libtorch", Double.NaN);
        best.forEach((name, seconds) -> System.out.printf(
                Locale.ROOT,
                "| %s, n = %d, %s | %.4f s | %.0f GFLOP/s | %.2f |%n",
                recipe.model().name(),
                n,
                name,
                seconds,
                flops / seconds * 1e-9,
                libtorch / seconds));
    }
}
