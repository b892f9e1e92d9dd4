package dev.lockstep.cli.command;

import dev.lockstep.errors.Printable;
import dev.lockstep.image.BadImages;
import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.model.Models;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.text.Json;
import dev.lockstep.train.Classifier;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lockstep eval}: measures the error of saved weights on the validation set. */
@Command(
        name = "eval",
        description = "Measures the error of a checkpoint or weights on every validation image, each counted once.",
        footer = {
            "",
            "Examples:",
            "  lockstep eval runs/fashion-mnist",
            "  lockstep eval --weights resnet50.pth --recipe recipes/imagenet-resnet50-256.yaml --data imagenet"
        })
public final class EvalCommand implements Runnable {
    @ArgGroup(multiplicity = "1")
    @SuppressWarnings("NullAway.Init")
    private Saved saved;

    /** The file, as an argument, or as an option with the same name as in {@code train}. */
    private static final class Saved {
        @Parameters(
                index = "0",
                paramLabel = "CHECKPOINT",
                description = "A checkpoint, a run folder, or weights (.safetensors, .pt, .pth).")
        private @Nullable Path argument;

        @Option(names = "--weights", paramLabel = "FILE", description = "The same as CHECKPOINT, as an option.")
        private @Nullable Path option;

        Path file() {
            return argument != null ? argument : Objects.requireNonNull(option);
        }
    }

    @Mixin
    @SuppressWarnings("NullAway.Init")
    private CheckpointChoice choice;

    @Mixin
    @SuppressWarnings("NullAway.Init")
    private SavedNetwork network;

    @Mixin
    @SuppressWarnings("NullAway.Init")
    private DataOption data;

    @Mixin
    @SuppressWarnings("NullAway.Init")
    private ComputeOptions compute;

    @Option(
            names = "--skip-bad-images",
            description = "Replace each unreadable image with another one and list it, instead of stopping.")
    private boolean skipBadImages;

    @Option(names = "--json", description = "Print one JSON document.")
    private boolean json;

    @Override
    public void run() {
        compute.check();
        SavedNetwork.Network read = network.read(saved.file(), choice);
        Recipe recipe = read.recipe();
        OpenDataset dataset = Datasets.open(recipe.data(), CheckpointChoice.dataOf(data.folder(), saved.file()));
        try (Classifier classifier = new Classifier(
                recipe,
                Models::create,
                dataset.shape(),
                dataset.classes(),
                read.weights(),
                compute.lanes(recipe),
                compute.loaderThreads())) {
            Classifier.Accuracy accuracy = classifier.measure(
                    dataset.validation(),
                    dataset.evaluationTransform(),
                    skipBadImages ? BadImages.replaced() : BadImages.refused());
            accuracy.badImages()
                    .forEach(reason -> System.err.println("bad image replaced: " + Printable.of(reason, 2000)));
            System.out.println(json ? Json.pretty(Evaluated.of(recipe, classifier, accuracy)) : text(recipe, accuracy));
        }
    }

    /** {@code validationTop5Error} is null where there are too few classes. */
    private record Evaluated(
            String model,
            String dataset,
            int images,
            double validationTop1Error,
            @Nullable Double validationTop5Error,
            double validationLoss,
            String weightsSha256,
            List<String> badImages) {
        static Evaluated of(Recipe recipe, Classifier classifier, Classifier.Accuracy accuracy) {
            return new Evaluated(
                    recipe.model().name(),
                    recipe.data().dataset(),
                    accuracy.images(),
                    accuracy.top1Error(),
                    Double.isNaN(accuracy.top5Error()) ? null : accuracy.top5Error(),
                    accuracy.loss(),
                    classifier.weightsSha256(),
                    accuracy.badImages());
        }
    }

    private static String text(Recipe recipe, Classifier.Accuracy accuracy) {
        String top5 = Double.isNaN(accuracy.top5Error()) ? "" : error("top-5", accuracy.top5Error(), accuracy);
        return String.format(
                Locale.ROOT,
                "%s on %,d validation images of %s%s%n%s%sloss %.4f",
                recipe.model().name(),
                accuracy.images(),
                recipe.data().dataset(),
                replaced(accuracy.badImages().size()),
                error("top-1", accuracy.top1Error(), accuracy),
                top5,
                accuracy.loss());
    }

    private static String replaced(int bad) {
        return bad == 0 ? "" : ", " + bad + " of them bad (replaced)";
    }

    private static String error(String name, double fraction, Classifier.Accuracy accuracy) {
        return String.format(
                Locale.ROOT,
                "%s error %.2f %% (%,d wrong)%n",
                name,
                100 * fraction,
                Math.round(fraction * accuracy.images()));
    }
}
