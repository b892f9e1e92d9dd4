package dev.lockstep.cli.command;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.lockstep.errors.InputFile;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.errors.Printable;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.ImageTransform;
import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.model.Models;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.text.Json;
import dev.lockstep.train.Classifier;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lockstep predict}: classifies image files with saved weights. */
@Command(
        name = "predict",
        description = "Prints the most probable classes of image files.",
        footer = {
            "",
            "Examples:",
            "  lockstep predict runs/flowers tulip.jpg rose.png",
            "  lockstep predict resnet50.pth --recipe recipes/imagenet-resnet50-256.yaml cat.jpg --json"
        })
public final class PredictCommand implements Runnable {
    /** The size limit for an image file, as in datasets. */
    private static final int MOST_BYTES = 1 << 28;

    @Mixin
    @SuppressWarnings("NullAway.Init")
    private WeightsArgument saved;

    @Mixin
    @SuppressWarnings("NullAway.Init")
    private SavedNetwork network;

    @Parameters(index = "1..*", arity = "1..*", paramLabel = "IMAGE", description = "JPEG or PNG files.")
    @SuppressWarnings("NullAway.Init")
    private List<Path> images;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Folder of the dataset, for class names that are not stored with the weights.")
    private Optional<Path> data = Optional.empty();

    @Option(
            names = "--top",
            paramLabel = "N",
            description = "Number of classes to print per image (default: ${DEFAULT-VALUE}).")
    private int top = 5;

    @Option(names = "--json", description = "Print one JSON document.")
    private boolean json;

    @Override
    public void run() {
        if (top < 1) {
            throw LockstepException.recipe("--top = " + top, "", "must be at least 1");
        }
        SavedNetwork.Network read = network.read(saved.file(), saved.choice());
        Recipe recipe = read.recipe();
        List<String> names =
                data.isPresent() ? Datasets.open(recipe.data(), data).training().classNames() : read.names();
        ImageTransform transform = Datasets.fileTransform(recipe.data());
        List<ImageData> contents = images.stream().map(PredictCommand::read).toList();
        try (Classifier classifier =
                new Classifier(recipe, Models::create, transform.shape(), names.size(), read.weights(), 1, 1)) {
            List<double[]> probabilities = classify(classifier, contents, transform);
            if (json) {
                System.out.println(Json.pretty(json(probabilities, names)));
            } else {
                print(probabilities, names);
            }
        }
    }

    private static List<double[]> classify(Classifier classifier, List<ImageData> images, ImageTransform transform) {
        try {
            return classifier.classify(images, transform);
        } catch (LockstepException e) {
            if (e.kind() != LockstepException.Kind.DATA) {
                throw e;
            }
            // Bad images in a dataset can be skipped, but these were requested, so the fix must differ.
            throw new LockstepException(e.kind(), e.whatAndWhere(), "", "use an intact JPEG or PNG file", e);
        }
    }

    private static ImageData read(Path file) {
        try {
            return new ImageData.Encoded(file.toString(), InputFile.bytes(file, MOST_BYTES));
        } catch (NoSuchFileException e) {
            throw LockstepException.data("no such image", "file = " + file, "check the path");
        } catch (IOException e) {
            throw new LockstepException(
                    LockstepException.Kind.DATA,
                    "cannot read the image: " + e.getMessage(),
                    "file = " + file,
                    "check the path and its permissions",
                    e);
        }
    }

    /** The most probable classes; ties are in class order. */
    private int[] best(double[] probabilities) {
        return IntStream.range(0, probabilities.length)
                .boxed()
                .sorted(Comparator.comparingDouble(c -> -probabilities[c]))
                .limit(top)
                .mapToInt(c -> c)
                .toArray();
    }

    private void print(List<double[]> probabilities, List<String> names) {
        for (int i = 0; i < images.size(); i++) {
            System.out.println(Printable.of(images.get(i).toString()));
            for (int c : best(probabilities.get(i))) {
                System.out.printf(
                        Locale.ROOT, "  %6.2f %%  %s%n", 100 * probabilities.get(i)[c], Printable.of(names.get(c)));
            }
        }
    }

    private record Classified(String image, List<Prediction> predictions) {}

    private record Prediction(@JsonProperty("class") int label, String name, double probability) {}

    private List<Classified> json(List<double[]> probabilities, List<String> names) {
        return IntStream.range(0, images.size())
                .mapToObj(i -> new Classified(
                        images.get(i).toString(),
                        Arrays.stream(best(probabilities.get(i)))
                                .mapToObj(c -> new Prediction(
                                        c, names.get(c), probabilities.get(i)[c]))
                                .toList()))
                .toList();
    }
}
