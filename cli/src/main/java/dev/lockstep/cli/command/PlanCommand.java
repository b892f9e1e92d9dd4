package dev.lockstep.cli.command;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.catalog.DatasetSpec;
import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.launch.Terminal;
import dev.lockstep.network.Networks;
import dev.lockstep.plan.Checks;
import dev.lockstep.plan.DatasetFacts;
import dev.lockstep.plan.Finding;
import dev.lockstep.plan.Plan;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.text.Json;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code lockstep plan}: predicts a run and lists what is unusual about it. Never loads libtorch. */
@Command(
        name = "plan",
        description = "Predicts a run before it starts, and checks the recipe.",
        footer = {
            "",
            "Examples:",
            "  lockstep plan recipes/fashion-mnist.yaml --set workers=64 --procs 2",
            "  lockstep plan recipes/imagenet-resnet50-8k.yaml --procs 32 --lanes 8 --images-per-second 1103"
                    + " --bandwidth 50Gbit --latency 20us --target 1h",
            "  lockstep plan recipes/fashion-mnist.yaml --measured runs/fashion-mnist-short --json"
        })
public final class PlanCommand implements Runnable {
    /** The default of ImageNet, if the files have not been read. */
    private static final int USUAL_CLASSES = 1000;

    @Mixin
    @SuppressWarnings("NullAway.Init")
    private RecipeArgument recipeArgument;

    @Option(
            names = "--dataset-size",
            paramLabel = "N",
            description = "Training images (default: those of the recipe's dataset).")
    private Optional<Integer> datasetSize = Optional.empty();

    @Option(
            names = "--data",
            order = 1,
            paramLabel = "DIR",
            description = "Folder of your own images; counts its images and classes.")
    private Optional<Path> data = Optional.empty();

    @Option(names = "--procs", paramLabel = "P", description = "Processes (default: ${DEFAULT-VALUE}).")
    private int processes = 1;

    @Option(
            names = "--lanes",
            paramLabel = "L",
            description = "Compute threads per process (default: cores / procs / threads-per-worker).")
    private Optional<Integer> lanes = Optional.empty();

    @Mixin
    @SuppressWarnings("NullAway.Init")
    private CostOptions costOptions;

    @Option(names = "--strict", description = "Fail if a check warns.")
    private boolean strict;

    @Option(names = "--json", description = "Print one JSON document.")
    private boolean json;

    @Override
    public void run() {
        atLeastOne("--procs", processes);
        datasetSize.ifPresent(size -> atLeastOne("--dataset-size", size));
        Recipe recipe = recipeArgument.read();
        Networks.named(recipe.model());
        Plan plan = Plan.of(recipe, facts(recipe), processes, lanes.orElseGet(() -> usualLanes(recipe)));
        List<Finding> findings = Checks.run(recipe, plan.cut());
        Optional<Costs> costs = costOptions.costs(plan);
        Optional<CostOptions.CardLanes> card = costOptions.cardLanes(plan);
        System.out.print(
                json
                        ? json(plan, findings, costs, card)
                        : text(plan, findings, costs)
                                + card.map(CostOptions.CardLanes::text).orElse(""));
        if (strict) {
            Checks.requireNoWarnings(findings);
        }
    }

    private static String text(Plan plan, List<Finding> findings, Optional<Costs> costs) {
        return PlanText.of(plan, findings, Terminal.ofOutput().columns())
                + costs.map(CostText::of).orElse("");
    }

    private static String json(
            Plan plan, List<Finding> findings, Optional<Costs> costs, Optional<CostOptions.CardLanes> card) {
        Map<String, Object> document = PlanJson.of(plan, findings);
        costs.ifPresent(known -> document.put("cost", CostJson.of(known)));
        card.ifPresent(known -> document.put("card", known));
        return Json.pretty(document) + "\n";
    }

    private static void atLeastOne(String option, int value) {
        if (value < 1) {
            throw LockstepException.recipe(option + " = " + value, "", "must be at least 1");
        }
    }

    private int usualLanes(Recipe recipe) {
        return Math.max(1, Runtime.getRuntime().availableProcessors() / processes / recipe.threadsPerWorker());
    }

    private DatasetFacts facts(Recipe recipe) {
        DatasetFacts facts =
                DatasetFacts.of(recipe.data()).filter(known -> data.isEmpty()).orElseGet(() -> ofCatalog(recipe));
        return datasetSize.map(facts::withTrainingImages).orElse(facts);
    }

    private DatasetFacts ofCatalog(Recipe recipe) {
        DatasetSpec spec = data.isPresent() ? Datasets.open(recipe.data(), data).spec() : Datasets.spec(recipe.data());
        int size = datasetSize.orElseGet(() -> spec.trainingImages()
                .orElseThrow(() -> LockstepException.recipe(
                        "data.dataset = " + spec.name() + ": its size is unknown until its files are read",
                        "",
                        "give their folder with --data, or the number of training images with --dataset-size")));
        return new DatasetFacts(
                spec.name(),
                size,
                spec.validationImages().orElse(0),
                spec.shape().channels(),
                spec.shape().height(),
                spec.shape().width(),
                spec.classes().orElse(USUAL_CLASSES),
                spec.classes().isEmpty());
    }
}
