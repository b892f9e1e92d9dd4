package dev.lockstep.cli.command;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.errors.Printable;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.image.inspect.ContactSheet;
import dev.lockstep.image.inspect.DatasetCheck;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.sampling.EpochPermutation;
import dev.lockstep.text.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code lockstep data inspect}: counts and checks images, and draws the network input. */
@Command(
        name = "inspect",
        description = {
            "Counts a recipe's images, decodes some or all of them, and with --sheet draws the network input.",
            "The sheet has one row per sample: first as in evaluation, then as augmented in epoch 0, 1, 2, …"
        },
        footer = {"", "Example: lockstep data inspect recipes/fashion-mnist.yaml --sheet sheet.png"})
final class DataInspectCommand implements Callable<Integer> {
    @Mixin
    @SuppressWarnings("NullAway.Init")
    private RecipeArgument recipe;

    @Mixin
    @SuppressWarnings("NullAway.Init")
    private DataOption dataOption;

    @Option(names = "--sheet", paramLabel = "FILE.png", description = "Draw a contact sheet.")
    private @Nullable Path sheet;

    @Option(
            names = "--rows",
            paramLabel = "N",
            description = "Number of samples on the sheet (default: ${DEFAULT-VALUE}).")
    private int rows = 8;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            description = "Number of epochs on the sheet (default: ${DEFAULT-VALUE}).")
    private int epochs = 7;

    @Option(
            names = "--check",
            paramLabel = "N",
            description = "Number of images to decode in each set (default: ${DEFAULT-VALUE}).")
    private int check = 256;

    @Option(names = "--all", description = "Decode every image.")
    private boolean all;

    @Option(names = "--json", description = "Print one JSON document.")
    private boolean json;

    /** The two sets, checked. */
    private record Found(OpenDataset data, DatasetCheck training, DatasetCheck validation) {
        int bad() {
            return training.bad().size() + validation.bad().size();
        }
    }

    private record Inspected(
            String name,
            int classes,
            String fingerprint,
            List<String> classNames,
            InspectedSet training,
            InspectedSet validation) {
        static Inspected of(Found found) {
            OpenDataset data = found.data;
            return new Inspected(
                    data.spec().name(),
                    data.classes(),
                    data.fingerprint(),
                    data.training().classNames(),
                    InspectedSet.of(data.training(), found.training),
                    InspectedSet.of(data.validation(), found.validation));
        }
    }

    /** The mean and deviation of each channel are NaN if no image is good. */
    private record InspectedSet(
            int images,
            int fewestInClass,
            int mostInClass,
            int decoded,
            int[] perClass,
            List<String> bad,
            long skipped,
            List<String> skippedNames,
            List<Double> mean,
            List<Double> deviation) {
        static InspectedSet of(Dataset set, DatasetCheck check) {
            int[] perClass = check.perClass();
            return new InspectedSet(
                    set.size(),
                    perClass[least(perClass)],
                    perClass[most(perClass)],
                    check.checked(),
                    perClass,
                    check.bad(),
                    set.skippedFiles().count(),
                    set.skippedFiles().names(),
                    check.mean(),
                    check.deviation());
        }
    }

    @Override
    public Integer call() throws IOException {
        require("--rows", rows);
        require("--epochs", epochs);
        require("--check", check);
        if (sheet != null) {
            SheetFile.requireReplaceable("--sheet", sheet);
        }
        Recipe read = recipe.read();
        OpenDataset data = dataOption.open(read.data());
        List<String> badOnSheet = sheet == null ? List.of() : draw(read, data, sheet);
        Found found = new Found(data, check(data, data.training()).withBad(badOnSheet), check(data, data.validation()));
        if (json) {
            System.out.println(Json.pretty(Inspected.of(found)));
        } else {
            print(found);
        }
        return found.bad() == 0 ? 0 : LockstepException.Kind.DATA.exitCode();
    }

    private static void require(String name, int value) {
        if (value < 1 || value > 1_000_000_000) {
            throw LockstepException.recipe(name + " = " + value, "", "must be at least 1");
        }
    }

    private DatasetCheck check(OpenDataset data, Dataset set) {
        return DatasetCheck.of(
                set, data.evaluationTransform(), data.spec().normalization(), all ? Integer.MAX_VALUE : check);
    }

    /** Draws the first samples of the first epoch, prints which they are, and returns messages about bad images. */
    private List<String> draw(Recipe read, OpenDataset data, Path file) throws IOException {
        int size = data.training().size();
        int[] samples = EpochPermutation.of(read.seed(), 0, size).slice(0, Math.min(rows, size));
        ContactSheet.Drawn drawn = ContactSheet.draw(data, read.seed(), samples, epochs);
        try {
            SheetFile.write(file, drawn.png());
        } catch (IOException e) {
            throw LockstepException.recipe("cannot write the sheet: " + e, "file = " + file, "choose another file");
        }
        System.err.println("sheet: " + Printable.of(file.toString()) + ", rows: "
                + Arrays.stream(samples)
                        .mapToObj(i -> i + " "
                                + className(data.training(), data.training().label(i)))
                        .collect(Collectors.joining(", ")));
        return drawn.bad();
    }

    private static void print(Found found) {
        OpenDataset data = found.data;
        System.out.println(data.spec().name() + ": " + data.classes() + " classes, "
                + data.shape().channels() + "×" + data.shape().height() + "×"
                + data.shape().width()
                + ", fingerprint " + data.fingerprint());
        print("training", data.training(), found.training);
        print("validation", data.validation(), found.validation);
        DatasetCheck seen = found.training;
        if (seen.deviation().stream().allMatch(deviation -> deviation >= 0.0001)) {
            System.out.println("to normalize with what was measured: --set 'data.mean=[" + listed(seen.mean())
                    + "]' --set 'data.std=[" + listed(seen.deviation()) + "]'");
        }
    }

    private static void print(String name, Dataset set, DatasetCheck check) {
        int[] perClass = check.perClass();
        int least = least(perClass);
        int most = most(perClass);
        System.out.printf(
                Locale.ROOT,
                "%s: %d images, %d to %d per class (fewest %s, most %s)%n",
                name,
                set.size(),
                perClass[least],
                perClass[most],
                className(set, least),
                className(set, most));
        System.out.printf(
                Locale.ROOT,
                "  checked %d of %d, bad %d, mean %s, deviation %s%n",
                check.checked(),
                set.size(),
                check.bad().size(),
                rounded(check.mean()),
                rounded(check.deviation()));
        if (set.skippedFiles().count() > 0) {
            System.out.println("  skipped " + Printable.of(set.skippedFiles().summary(20), 4000));
        }
        check.bad().forEach(message -> System.out.println("  bad: " + Printable.of(message, 2000)));
    }

    private static String className(Dataset set, int label) {
        return Printable.of(set.classNames().get(label));
    }

    private static int least(int[] counts) {
        return indexOf(counts, Arrays.stream(counts).min().orElseThrow());
    }

    private static int most(int[] counts) {
        return indexOf(counts, Arrays.stream(counts).max().orElseThrow());
    }

    private static int indexOf(int[] counts, int wanted) {
        return Arrays.stream(counts).boxed().toList().indexOf(wanted);
    }

    private static String rounded(List<Double> values) {
        return joined(values, " ");
    }

    private static String listed(List<Double> values) {
        return joined(values, ", ");
    }

    private static String joined(List<Double> values, String between) {
        return values.stream()
                .map(value -> String.format(Locale.ROOT, "%.4f", value))
                .collect(Collectors.joining(between));
    }
}
