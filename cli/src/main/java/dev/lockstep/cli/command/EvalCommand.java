package dev.lockstep.cli.command;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.errors.Printable;
import dev.lockstep.image.BadImages;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.model.Models;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.text.Json;
import dev.lockstep.train.Classifier;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lockstep eval}: measures the error of saved weights on the validation set. */
@Command(
        name = "eval",
        description = {
            "Measures the error of a checkpoint or weights on every validation image, each counted once: in total, by class,"
                    + " by pair of confused classes, and how far the probabilities can be trusted.",
            "With --out, also as files: every answer, and the worst mistakes as pictures with labels."
        },
        footer = {
            "",
            "Examples:",
            "  lockstep eval runs/fashion-mnist",
            "  lockstep eval runs/flowers --out mistakes",
            "  lockstep eval --weights resnet50.pth --recipe recipes/imagenet-resnet50-256.yaml --data imagenet"
        })
public final class EvalCommand implements Callable<Integer> {
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

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = {
                "Write into this folder: evaluation.json, classes.csv, confusion.csv, images.csv (every answer) and"
                        + " mistakes.png (the worst ones)."
            })
    private Optional<Path> out = Optional.empty();

    @Option(
            names = "--worst",
            paramLabel = "N",
            description = "Number of mistakes in mistakes.png and evaluation.json (default: ${DEFAULT-VALUE}).")
    private int worst = 24;

    @Option(names = "--json", description = "Print one JSON document.")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        compute.check();
        if (worst < 0 || worst > 500) {
            throw LockstepException.recipe("--worst = " + worst, "", "must be between 0 and 500");
        }
        out.ifPresent(EvaluationFiles::requireReplaceable);
        SavedNetwork.Network read = network.read(saved.file(), choice);
        Recipe recipe = read.recipe();
        OpenDataset dataset = data.open(recipe.data(), CheckpointChoice.dataOf(data.folder(), saved.file()));
        try (Classifier classifier = new Classifier(
                recipe,
                Models::create,
                dataset.shape(),
                dataset.classes(),
                read.weights(),
                compute.lanes(recipe),
                compute.loaderThreads())) {
            Classifier.Examination examined = classifier.examine(
                    dataset.validation(),
                    dataset.evaluationTransform(),
                    skipBadImages ? BadImages.replaced() : BadImages.refused());
            examined.accuracy()
                    .badImages()
                    .forEach(reason -> System.err.println("bad image replaced: " + Printable.of(reason, 2000)));
            Evaluation evaluation =
                    Evaluation.of(recipe, classifier.weightsSha256(), dataset.validation(), examined, worst);
            if (out.isPresent()) {
                EvaluationFiles.write(out.get(), evaluation, dataset, examined.answers());
            }
            System.out.println(json ? Json.pretty(evaluation) : EvaluationText.of(evaluation));
        }
        return 0;
    }
}
