package dev.lockstep.benchmarks;

import dev.lockstep.collective.SoloCollective;
import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.metrics.Event;
import dev.lockstep.metrics.RunListener;
import dev.lockstep.model.Models;
import dev.lockstep.network.Networks;
import dev.lockstep.plan.DatasetFacts;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import dev.lockstep.torch.TorchRuntime;
import dev.lockstep.train.Assembly;
import dev.lockstep.train.RunOptions;
import dev.lockstep.train.StopSignal;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Training speed of the shipped ResNet-50 recipe in images per second, for whole steps of 2 workers × 32 images with 1
 * and 2 lanes (compute threads) and each engine, compared with the machine's upper limit: {@link ConvolutionPeak} divided by the
 * operations per image, which are three times those of the forward pass. Takes a recipe and an image folder; {@code
 * resnet50.sh} provides both.
 */
public final class ResNet50Throughput {
    private static final int STEPS = 3;

    private ResNet50Throughput() {}

    /**
     * @param arguments recipe, folder
     */
    public static void main(String[] arguments) {
        TorchRuntime.load();
        Recipe recipe = RecipeFile.read(Path.of(arguments[0]), Map.of("workers", "2"));
        OpenDataset data = Datasets.open(recipe.data(), Optional.of(Path.of(arguments[1])));
        double flops = 3 * forwardFlops(recipe);
        System.out.printf(Locale.ROOT, "%.2f × 10^9 operations per training image%n", flops * 1e-9);
        for (int lanes = 1; lanes <= 2; lanes++) {
            ConvolutionPeak.Peak peak = ConvolutionPeak.measure(lanes);
            double most = peak.best() * 1e9 / flops;
            System.out.printf(
                    Locale.ROOT,
                    "lanes = %d: convolution peak %.0f GFLOP/s (%s), %.2f images/s at that peak, %.2f images/s through the"
                            + " convolutions alone%n",
                    lanes,
                    peak.best(),
                    peak.where(),
                    most,
                    peak.imagesPerSecond());
            for (Recipe.Engine engine : List.of(Recipe.Engine.LIBTORCH, Recipe.Engine.ONEDNN)) {
                double reached = train(recipe.withEngine(engine), data, lanes);
                System.out.printf(
                        Locale.ROOT,
                        "lanes = %d, %s: training %.2f images/s, %.0f %% of the peak%n",
                        lanes,
                        engine,
                        reached,
                        100 * reached / most);
            }
        }
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    private static double forwardFlops(Recipe recipe) {
        return Networks.named(recipe.model())
                .shape(
                        recipe.model(),
                        DatasetFacts.of(recipe.data()).orElseThrow().task())
                .orElseThrow()
                .forwardFlops();
    }

    /** The best step, excluding the first. */
    private static double train(Recipe recipe, OpenDataset data, int lanes) {
        RunOptions options = RunOptions.defaults().withLanes(lanes).withStopAfter(STEPS);
        Best best = new Best();
        try (Assembly parts =
                new Assembly(recipe, Models::create, data, new SoloCollective(), options, new StopSignal())) {
            parts.begin().run(best);
        }
        return best.imagesPerSecond;
    }

    private static final class Best implements RunListener {
        private double imagesPerSecond;

        @Override
        public void on(Event event) {
            if (event instanceof Event.Step step && step.metrics().step() > 1) {
                imagesPerSecond = Math.max(imagesPerSecond, step.metrics().imagesPerSecond());
            }
        }
    }
}
