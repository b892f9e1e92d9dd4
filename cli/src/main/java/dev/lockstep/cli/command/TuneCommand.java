package dev.lockstep.cli.command;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.lockstep.collective.SoloCollective;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.metrics.Event;
import dev.lockstep.model.ModelFactory;
import dev.lockstep.plan.Checks;
import dev.lockstep.plan.RangeSweep;
import dev.lockstep.plan.RangeSweep.Trial;
import dev.lockstep.plan.RecipeCheck;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.text.Format;
import dev.lockstep.text.Json;
import dev.lockstep.train.Assembly;
import dev.lockstep.train.RunOptions;
import dev.lockstep.train.StopSignal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code lockstep tune}: suggests η from short training runs at the reference minibatch, each with a different rate.
 */
@Command(
        name = "tune",
        description =
                "Suggests the reference learning rate, by a sweep of short training runs at the reference minibatch.",
        footer = {
            "",
            "Examples:",
            "  lockstep tune recipes/fashion-mnist.yaml --from 0.0125 --to 1.6",
            "  lockstep tune flowers.yaml --data flowers --weights resnet18.pth --new-head --apply"
        })
public final class TuneCommand implements Callable<Integer> {
    private static final String RATE = "learning-rate.reference";
    private static final int MOST_RATES = 1000;
    private static final int MOST_STEPS = 100_000;

    @Mixin
    @SuppressWarnings("NullAway.Init")
    private RecipeArgument recipeArgument;

    @Mixin
    @SuppressWarnings("NullAway.Init")
    private DataOption data;

    @Mixin
    @SuppressWarnings("NullAway.Init")
    private StartOption start;

    @Option(names = "--from", paramLabel = "RATE", description = "Lowest rate (default: ${DEFAULT-VALUE}).")
    private double from = 0.0125;

    @Option(names = "--to", paramLabel = "RATE", description = "Highest rate (default: ${DEFAULT-VALUE}).")
    private double to = 1.6;

    @Option(names = "--rates", paramLabel = "N", description = "Number of rates to try (default: ${DEFAULT-VALUE}).")
    private int rates = 8;

    @Option(names = "--steps", paramLabel = "N", description = "Number of steps per trial (default: ${DEFAULT-VALUE}).")
    private int steps = 120;

    @Option(names = "--json", description = "Print the result as JSON.")
    private boolean json;

    @Option(
            names = "--apply",
            description = "Write the rate into the recipe file; the rest of the file stays as it is.")
    private boolean apply;

    @Override
    public Integer call() {
        check();
        String text = recipeArgument.text();
        StartOption.Start begin = start.of(recipeArgument.read(text));
        Recipe recipe = begin.recipe();
        OpenDataset dataset = data.open(recipe.data());
        int images = dataset.training().size();
        List<Trial> trials = new ArrayList<>();
        for (double rate : RangeSweep.rates(from, to, rates)) {
            Trial trial = new Trial(rate, loss(RangeSweep.trial(recipe, rate, steps, images), begin.models(), dataset));
            trials.add(trial);
            System.err.printf(Locale.ROOT, "learning rate %-9.4g loss %s%n", rate, text(trial.loss()));
        }
        RangeSweep sweep = new RangeSweep(trials);
        RangeSweep.Result result = result(sweep, Math.log(dataset.classes()));
        System.out.println(json ? Json.pretty(Tuned.of(sweep, result)) : text(recipe, result));
        if (apply) {
            String rate = Format.digits(result.suggestion(), 4);
            Map<String, String> reason = reason(recipe, rate, images);
            recipeArgument.set(text, RATE, rate, reason);
            System.err.println("wrote " + RATE + ": " + rate
                    + (reason.isEmpty() ? "" : ", and why it may differ from the paper's,") + " to "
                    + recipeArgument.file());
        }
        return 0;
    }

    /** A rate that was measured here need not be the paper's, and no check should say so. */
    private static Map<String, String> reason(Recipe recipe, String rate, int images) {
        String code = RecipeCheck.LINEAR_RULE.code();
        boolean warns = !recipe.suppress().containsKey(code)
                && Checks.run(recipe.with(Map.of(RATE, rate)), images).stream()
                        .anyMatch(finding -> finding.check() == RecipeCheck.LINEAR_RULE);
        return warns ? Map.of("suppress." + code, "the rate was found by lockstep tune") : Map.of();
    }

    private void check() {
        if (!(from > 0 && to >= from && Double.isFinite(to))
                || rates < 1
                || rates > MOST_RATES
                || steps < 6
                || steps > MOST_STEPS) {
            throw LockstepException.recipe(
                    "--from = " + from + ", --to = " + to + ", --rates = " + rates + ", --steps = " + steps,
                    "0 < from ≤ to, 1 to " + MOST_RATES + " rates and 6 to " + MOST_STEPS + " steps",
                    "");
        }
        if (apply && recipeArgument.hasOverrides()) {
            throw LockstepException.recipe(
                    "--apply cannot be combined with --set: the rate would be tuned for a recipe other than the file's",
                    "file = " + recipeArgument.file(),
                    "write the keys into the file, or omit one of the two options");
        }
    }

    /** The mean loss over the last sixth of a short training run; infinite if it diverged. */
    private double loss(Recipe recipe, ModelFactory models, OpenDataset dataset) {
        int cores = Runtime.getRuntime().availableProcessors();
        int lanes = Math.max(1, Math.min(recipe.workers(), cores / recipe.threadsPerWorker()));
        RunOptions options = RunOptions.defaults().withLanes(lanes).withStopAfter(steps);
        List<Double> losses = new ArrayList<>();
        try (SoloCollective solo = new SoloCollective();
                Assembly parts = new Assembly(recipe, models, dataset, solo, options, new StopSignal())) {
            parts.begin().run(event -> {
                if (event instanceof Event.Step step) {
                    losses.add(step.metrics().loss());
                }
            });
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

    private RangeSweep.Result result(RangeSweep sweep, double initialLoss) {
        try {
            return sweep.result(initialLoss);
        } catch (IllegalStateException e) {
            throw LockstepException.recipe(
                    "no rate reduced the loss below that of random guessing, " + text(initialLoss),
                    "--from = " + from + ", --to = " + to,
                    "try lower rates or more --steps");
        }
    }

    private record Tuned(List<Trial> trials, TunedRates result) {
        static Tuned of(RangeSweep sweep, RangeSweep.Result result) {
            return new Tuned(
                    sweep.trials(),
                    new TunedRates(result.suggestion(), result.lowestGood(), result.highestGood(), result.atEdge()));
        }
    }

    @JsonNaming(PropertyNamingStrategies.LowerCamelCaseStrategy.class)
    private record TunedRates(double suggestion, double lowestGood, double highestGood, boolean atEdge) {}

    /** The result of the sweep as text. */
    static String text(Recipe recipe, RangeSweep.Result result) {
        boolean alone = result.lowestGood() == result.highestGood();
        return RATE + ": " + Format.digits(result.suggestion(), 4) + " for " + RATE + "-minibatch: "
                + recipe.learningRate().referenceMinibatch() + " ("
                + (alone
                        ? ""
                        : "rates from " + Format.digits(result.lowestGood(), 4) + " to "
                                + Format.digits(result.highestGood(), 4) + " do nearly as well; ")
                + "currently " + recipe.learningRate().reference() + ")"
                + (result.atEdge() ? "\nthis is at the end of the sweep: try rates beyond it" : "");
    }

    private static String text(double loss) {
        return Double.isInfinite(loss) ? "diverged" : String.format(Locale.ROOT, "%.4f", loss);
    }
}
