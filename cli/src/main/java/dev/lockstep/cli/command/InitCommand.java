package dev.lockstep.cli.command;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.errors.Printable;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.image.inspect.FolderSurvey;
import dev.lockstep.network.Networks;
import dev.lockstep.plan.StarterRecipe;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.text.Format;
import dev.lockstep.text.ShellWords;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lockstep init}: looks at a folder of photographs and writes a recipe for it. */
@Command(
        name = "init",
        description = {
            "Looks at a folder of photographs and writes a recipe for them, with comments that say why.",
            "The folder has one folder per class, or train and val with one folder per class each."
        },
        footer = {"", "Example:", "  lockstep init photos"})
public final class InitCommand implements Callable<Integer> {
    private static final int MOST_EXAMINED = 20_000;
    private static final int MOST_NAMED = 10;
    /** Above this ratio of the largest to the smallest class, always guessing the large ones looks good. */
    private static final int IMBALANCE = 4;

    @Parameters(paramLabel = "DIR", description = "The folder of the photographs.")
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @Option(names = "--out", paramLabel = "FILE.yaml", description = "The recipe to write (default: DIR.yaml).")
    private Optional<Path> out = Optional.empty();

    @Option(names = "--network", paramLabel = "NAME", description = "The network, such as resnet34 (default: chosen).")
    private Optional<String> network = Optional.empty();

    @Option(
            names = "--pretrained",
            paramLabel = "FILE",
            description = "Weights to start from, such as torchvision's: sizes and rate are chosen for them.")
    private Optional<Path> pretrained = Optional.empty();

    @Option(
            names = "--validation-split",
            paramLabel = "SHARE",
            description = "Share of the images that measure the error (default: ${DEFAULT-VALUE}).")
    private double share = 0.2;

    @Override
    public Integer call() {
        network.ifPresent(name -> Networks.named(new Recipe.Model(name, 0, false)));
        requirePossible();
        Path file = out.orElseGet(() -> Path.of(name() + ".yaml"));
        requireNew(file);
        FolderSurvey survey = FolderSurvey.of(folder, share, MOST_EXAMINED);
        describe(survey).forEach(line -> System.out.println(Printable.of(line, 4000)));
        if (survey.shortSides().length == 0) {
            throw LockstepException.data(
                    "no image can be read", "folder = " + folder, "add JPEG, PNG, WebP, BMP, GIF or TIFF files");
        }
        StarterRecipe starter = starter(survey);
        write(file, starter.yaml());
        System.out.printf(
                Locale.ROOT,
                "wrote %s: %s at %d × %d, minibatch %d = %s × %d images, %d epochs%n",
                Printable.of(file.toString()),
                starter.network(),
                starter.side(),
                starter.side(),
                starter.minibatch(),
                Format.count(starter.workers(), "worker"),
                starter.imagesPerWorker(),
                starter.epochs());
        System.out.println("next:");
        next(file).forEach(words -> System.out.println("  " + Printable.of(ShellWords.join(words), 4000)));
        return 0;
    }

    private void requirePossible() {
        if (!(share >= 0.01 && share <= 0.9)) {
            throw LockstepException.recipe("--validation-split = " + share, "", "must be between 0.01 and 0.9");
        }
        pretrained.filter(file -> !Files.isRegularFile(file)).ifPresent(file -> {
            throw LockstepException.recipe(
                    "no such weights file", "--pretrained = " + file, "give a .pth or .safetensors file");
        });
    }

    /** A recipe is the user's from the moment it is written. */
    private static void requireNew(Path file) {
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            throw LockstepException.recipe(
                    "the recipe exists and is kept", "file = " + file, "give another name with --out, or move it away");
        }
    }

    /** The last part of the folder's path, also of {@code .}. */
    private String name() {
        Path last = folder.toAbsolutePath().normalize().getFileName();
        return last == null ? "photographs" : last.toString();
    }

    private StarterRecipe starter(FolderSurvey survey) {
        return new StarterRecipe(
                new StarterRecipe.Facts(
                        name(),
                        survey.trainingImages(),
                        survey.classNames().size(),
                        Arrays.stream(survey.perClass()).min().orElse(0),
                        Arrays.stream(survey.perClass()).max().orElse(0),
                        survey.medianShortSide(),
                        survey.gray(),
                        survey.split() ? share : 0),
                new StarterRecipe.Choice(network, pretrained.isPresent()));
    }

    private List<String> describe(FolderSurvey survey) {
        List<String> lines = new ArrayList<>();
        lines.add(folder + ": " + Format.count(survey.images(), "image") + " in "
                + survey.classNames().size() + " classes: " + classes(survey));
        int[] sides = survey.shortSides();
        if (sides.length > 0) {
            lines.add("short side " + sides[0] + " to " + sides[sides.length - 1] + " pixels, median "
                    + survey.medianShortSide() + "; " + (survey.gray() ? "gray" : "color") + "; "
                    + survey.formats().entrySet().stream()
                            .map(entry -> Format.count(entry.getValue()) + " " + entry.getKey())
                            .collect(Collectors.joining(", "))
                    + (survey.examined() < survey.images()
                            ? " among " + Format.count(survey.examined()) + " examined"
                            : ""));
        }
        lines.add(
                survey.split()
                        ? Format.count(survey.validationImages(), "image")
                                + " will measure the error and not be trained on, chosen by their contents; nothing is"
                                + " copied"
                        : "val has " + Format.count(survey.validationImages(), "image") + ", train "
                                + Format.count(survey.trainingImages()));
        imbalance(survey).ifPresent(lines::add);
        if (survey.skipped().count() > 0) {
            lines.add("skipped " + survey.skipped().summary(MOST_NAMED));
        }
        if (!survey.bad().isEmpty()) {
            lines.add(Format.count(survey.bad().size(), "image")
                    + " cannot be used; remove or replace them, or train with --skip-bad-images:");
            survey.bad().stream().limit(MOST_NAMED).forEach(message -> lines.add("  " + message));
            if (survey.bad().size() > MOST_NAMED) {
                lines.add("  … and " + (survey.bad().size() - MOST_NAMED)
                        + " more: 'lockstep data inspect RECIPE --all' lists them");
            }
        }
        return lines;
    }

    private static String classes(FolderSurvey survey) {
        int shown = Math.min(MOST_NAMED, survey.classNames().size());
        return IntStream.range(0, shown)
                        .mapToObj(i -> survey.classNames().get(i) + " " + survey.perClass()[i])
                        .collect(Collectors.joining(", "))
                + (shown < survey.classNames().size() ? ", …" : "");
    }

    private static Optional<String> imbalance(FolderSurvey survey) {
        int least = IntStream.range(0, survey.perClass().length)
                .reduce((a, b) -> survey.perClass()[b] < survey.perClass()[a] ? b : a)
                .orElseThrow();
        int most = IntStream.range(0, survey.perClass().length)
                .reduce((a, b) -> survey.perClass()[b] > survey.perClass()[a] ? b : a)
                .orElseThrow();
        return survey.perClass()[most] < IMBALANCE * survey.perClass()[least]
                ? Optional.empty()
                : Optional.of("imbalance: " + survey.classNames().get(most) + " has "
                        + survey.perClass()[most] / survey.perClass()[least] + " × the images of "
                        + survey.classNames().get(least) + "; a network may do well by guessing the large classes");
    }

    private void write(Path file, String text) {
        try {
            DurableFiles.write(file.toAbsolutePath(), text);
        } catch (IOException e) {
            throw LockstepException.recipe("cannot write the recipe: " + e, "file = " + file, "choose another --out");
        }
    }

    private List<List<String>> next(Path file) {
        String recipe = file.toString();
        String data = folder.toString();
        List<String> train = new ArrayList<>(List.of("lockstep", "train", recipe, "--data", data));
        pretrained.ifPresent(weights -> train.addAll(List.of("--weights", weights.toString(), "--new-head")));
        train.addAll(List.of("--out", "runs/" + name()));
        return List.of(
                List.of("lockstep", "data", "inspect", recipe, "--data", data, "--sheet", "sheet.png"),
                List.of("lockstep", "plan", recipe, "--data", data),
                train);
    }
}
