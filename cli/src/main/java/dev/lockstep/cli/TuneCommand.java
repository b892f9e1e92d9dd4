package dev.lockstep.cli;

import dev.lockstep.collective.SoloCollective;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.catalogue.Datasets;
import dev.lockstep.image.catalogue.OpenDataset;
import dev.lockstep.model.ResNet;
import dev.lockstep.plan.RangeSweep;
import dev.lockstep.plan.RangeSweep.Trial;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.report.Json;
import dev.lockstep.report.StepMetrics;
import dev.lockstep.train.RunOptions;
import dev.lockstep.train.StopSignal;
import dev.lockstep.train.Trainer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code lockstep tune}: short trainings at the reference minibatch, each at another rate, suggest η. */
@Command(
        name = "tune",
        description = "Suggests the reference learning rate by a sweep at the reference minibatch.",
        footer = {"", "Example:", "  lockstep tune recipes/fashion-mnist.yaml --from 0.0125 --to 1.6"})
final class TuneCommand implements Callable<Integer> {
    @Mixin
    @SuppressWarnings("NullAway.Init")
    private RecipeArgument recipeArgument;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Folder of the dataset; found or fetched when left out.")
    private Optional<Path> data = Optional.empty();

    @Option(
            names = "--from",
            paramLabel = "RATE",
            defaultValue = "0.0125",
            description = "Lowest rate (default: 0.0125).")
    private double from = 0.0125;

    @Option(names = "--to", paramLabel = "RATE", defaultValue = "1.6", description = "Highest rate (default: 1.6).")
    private double to = 1.6;

    @Option(names = "--rates", paramLabel = "N", defaultValue = "8", description = "Rates to try (default: 8).")
    private int rates = 8;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "48",
            description = "Steps of each trial (default: 48).")
    private int steps = 72;

    @Option(names = "--json", description = "Print the result as JSON.")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        if (!(from > 0 && to >= from && Double.isFinite(to)) || rates < 1 || steps < 6) {
            throw LockstepException.recipe(
                    "--from = " + from + ", --to = " + to + ", --rates = " + rates + ", --steps = " + steps,
                    "0 < from ≤ to, at least 1 rate and 6 steps",
                    "");
        }
        Recipe recipe = recipeArgument.read();
        OpenDataset dataset = Datasets.open(recipe.data(), data);
        List<Trial> trials = new ArrayList<>();
        for (double rate : RangeSweep.rates(from, to, rates)) {
            Trial trial = new Trial(rate, loss(reference(recipe, dataset, rate), dataset));
            trials.add(trial);
            System.err.printf(Locale.ROOT, "learning rate %-9.4g loss %s%n", rate, text(trial.loss()));
        }
        print(recipe, new RangeSweep(trials), Math.log(dataset.classes()));
        return 0;
    }

    /**
     * The recipe at its reference minibatch with one rate, which falls to a tenth for the last third: without a decay,
     * short trainings favour rates that are too high for long ones.
     */
    private Recipe reference(Recipe recipe, OpenDataset dataset, double rate) {
        int minibatch = recipe.learningRate().referenceMinibatch();
        int n = recipe.imagesPerWorker();
        if (minibatch % n != 0) {
            throw LockstepException.recipe(
                    "learning-rate.reference-minibatch = " + minibatch + " is no multiple of images-per-worker = " + n,
                    "the sweep runs the reference minibatch on whole workers",
                    "change one of them");
        }
        long perEpoch = Math.max(1, dataset.training().size() / minibatch);
        return recipe.with(Map.of(
                "workers",
                Integer.toString(minibatch / n),
                "epochs",
                Long.toString((steps + perEpoch - 1) / perEpoch),
                "learning-rate.reference",
                Double.toString(rate),
                "learning-rate.scaling",
                "none",
                "learning-rate.warmup.kind",
                "none",
                "learning-rate.schedule.kind",
                "constant"));
    }

    /** Mean loss of the last sixth of a short training; infinite when it diverged. */
    private double loss(Recipe recipe, OpenDataset dataset) {
        int cores = Runtime.getRuntime().availableProcessors();
        int lanes = Math.max(1, Math.min(recipe.workers(), cores / recipe.threadsPerWorker()));
        RunOptions options = RunOptions.defaults().withLanes(lanes).withStopAfter(steps);
        List<Double> losses = new ArrayList<>();
        try (SoloCollective solo = new SoloCollective();
                Trainer trainer = new Trainer(recipe, ResNet::fromRecipe, dataset, solo, options, new StopSignal())) {
            trainer.run(new Losses(losses));
        } catch (LockstepException e) {
            if (e.kind() == LockstepException.Kind.DIVERGED) {
                return Double.POSITIVE_INFINITY;
            }
            throw e;
        }
        return losses.subList(losses.size() - Math.max(1, losses.size() / 6), losses.size()).stream()
                .mapToDouble(Double::doubleValue)
                .average()
                .orElseThrow();
    }

    private record Losses(List<Double> losses) implements Trainer.Listener {
        @Override
        public void onStep(StepMetrics step) {
            losses.add(step.loss());
        }
    }

    private void print(Recipe recipe, RangeSweep sweep, double initialLoss) throws IOException {
        RangeSweep.Result result;
        try {
            result = sweep.result(initialLoss);
        } catch (IllegalStateException e) {
            throw LockstepException.recipe(
                    "no rate brought the loss below that of guessing, " + text(initialLoss),
                    "--from = " + from + ", --to = " + to,
                    "try lower rates or more --steps");
        }
        if (json) {
            System.out.println(Json.MAPPER.writeValueAsString(Map.of("trials", sweep.trials(), "result", result)));
            return;
        }
        System.out.printf(
                Locale.ROOT,
                "learning-rate.reference: %.3g for learning-rate.reference-minibatch: %d (rates from %.3g to %.3g do nearly"
                        + " as well; the recipe has %s)%n",
                result.suggestion(),
                recipe.learningRate().referenceMinibatch(),
                result.lowestGood(),
                result.highestGood(),
                recipe.learningRate().reference());
        if (result.atEdge()) {
            System.out.println("this is an end of the sweep: try rates beyond it");
        }
    }

    private static String text(double loss) {
        return Double.isInfinite(loss) ? "diverged" : String.format(Locale.ROOT, "%.4f", loss);
    }
}
