package dev.lockstep.cli.command;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.lockstep.errors.InputFile;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.errors.Printable;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.ImageTransform;
import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.metrics.Csv;
import dev.lockstep.model.Models;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.text.Json;
import dev.lockstep.train.Classifier;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lockstep predict}: classifies image files with saved weights. */
@Command(
        name = "predict",
        description = {
            "Prints the most probable classes of image files.",
            "In a folder, it takes the files named as images, at any depth; those that cannot be read are named and skipped."
        },
        footer = {
            "",
            "Examples:",
            "  lockstep predict runs/flowers tulip.jpg rose.png",
            "  lockstep predict runs/flowers holiday --top 1 --csv",
            "  lockstep predict resnet50.pth --recipe recipes/imagenet-resnet50-256.yaml cat.jpg --json"
        })
public final class PredictCommand implements Callable<Integer> {
    private static final Pattern IMAGE_NAME =
            Pattern.compile(".*\\.(jpe?g|png|webp|bmp|gif|tiff?)", Pattern.CASE_INSENSITIVE);
    /** Files that are in memory at once. */
    private static final int AT_ONCE = 256;

    /** The size limit for an image file, as in datasets. */
    private static final int MOST_BYTES = 1 << 28;

    @Mixin
    @SuppressWarnings("NullAway.Init")
    private WeightsArgument saved;

    @Mixin
    @SuppressWarnings("NullAway.Init")
    private SavedNetwork network;

    @Parameters(
            index = "1..*",
            arity = "1..*",
            paramLabel = "IMAGE|DIR",
            description = "JPEG or PNG files, or folders with such files.")
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

    @Option(names = "--csv", description = "Print a table: image, rank, class, name, probability.")
    private boolean csv;

    /** An image with the probability of every class. */
    private record Seen(Path image, double[] probabilities) {}

    @Override
    public Integer call() {
        if (top < 1) {
            throw LockstepException.recipe("--top = " + top, "", "must be at least 1");
        }
        if (json && csv) {
            throw LockstepException.recipe("--json and --csv exclude each other", "", "give one of them");
        }
        SavedNetwork.Network read = network.read(saved.file(), saved.choice());
        Recipe recipe = read.recipe();
        List<String> names =
                data.isPresent() ? Datasets.open(recipe.data(), data).training().classNames() : read.names();
        ImageTransform transform = Datasets.fileTransform(recipe.data());
        List<Path> files = images.stream().flatMap(PredictCommand::files).toList();
        try (Classifier classifier =
                new Classifier(recipe, Models::create, transform.shape(), names.size(), read.weights(), 1, 1)) {
            List<Seen> seen = new ArrayList<>();
            for (int from = 0; from < files.size(); from += AT_ONCE) {
                seen.addAll(
                        classify(classifier, files.subList(from, Math.min(files.size(), from + AT_ONCE)), transform));
            }
            if (json) {
                System.out.println(Json.pretty(json(seen, names)));
            } else if (csv) {
                System.out.print(table(seen, names));
            } else {
                print(seen, names);
            }
            return seen.size() == files.size() ? 0 : LockstepException.Kind.DATA.exitCode();
        }
    }

    /** The file itself, or the files named as images in a folder, in the order of their names. */
    private static Stream<Path> files(Path image) {
        if (!Files.isDirectory(image)) {
            return Stream.of(image);
        }
        try (Stream<Path> inside = Files.walk(image)) {
            List<Path> found = inside.filter(
                            file -> IMAGE_NAME.matcher(file.toString()).matches() && Files.isRegularFile(file))
                    .sorted(Comparator.comparing(Path::toString))
                    .toList();
            if (found.isEmpty()) {
                throw LockstepException.data(
                        "no image in this folder", "folder = " + image, "give image files, or a folder that has some");
            }
            return found.stream();
        } catch (IOException | UncheckedIOException e) {
            throw LockstepException.data("folder cannot be read: " + e.getMessage(), "folder = " + image, "check it");
        }
    }

    /** Bad files of a folder are named and left out; one that was named by itself is an error. */
    private List<Seen> classify(Classifier classifier, List<Path> files, ImageTransform transform) {
        try {
            List<double[]> all =
                    decode(classifier, files.stream().map(PredictCommand::read).toList(), transform);
            return IntStream.range(0, files.size())
                    .mapToObj(i -> new Seen(files.get(i), all.get(i)))
                    .toList();
        } catch (LockstepException e) {
            if (e.kind() != LockstepException.Kind.DATA || files.size() == 1 && images.contains(files.get(0))) {
                throw e;
            } else if (files.size() > 1) {
                return files.stream()
                        .flatMap(file -> classify(classifier, List.of(file), transform).stream())
                        .toList();
            }
            System.err.println("skipped: " + Printable.of(e.whatAndWhere(), 2000));
            return List.of();
        }
    }

    private static List<double[]> decode(Classifier classifier, List<ImageData> images, ImageTransform transform) {
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

    private void print(List<Seen> seen, List<String> names) {
        for (Seen one : seen) {
            System.out.println(Printable.of(one.image.toString()));
            for (int c : best(one.probabilities)) {
                System.out.printf(
                        Locale.ROOT, "  %6.2f %%  %s%n", 100 * one.probabilities[c], Printable.of(names.get(c)));
            }
        }
    }

    private String table(List<Seen> seen, List<String> names) {
        Csv table = new Csv("image", "rank", "class", "name", "probability");
        for (Seen one : seen) {
            int[] best = best(one.probabilities);
            for (int rank = 0; rank < best.length; rank++) {
                table.row(one.image, rank + 1, best[rank], names.get(best[rank]), one.probabilities[best[rank]]);
            }
        }
        return table.toString();
    }

    private record Classified(String image, List<Prediction> predictions) {}

    private record Prediction(@JsonProperty("class") int label, String name, double probability) {}

    private List<Classified> json(List<Seen> seen, List<String> names) {
        return seen.stream()
                .map(one -> new Classified(
                        one.image.toString(),
                        Arrays.stream(best(one.probabilities))
                                .mapToObj(c -> new Prediction(c, names.get(c), one.probabilities[c]))
                                .toList()))
                .toList();
    }
}
