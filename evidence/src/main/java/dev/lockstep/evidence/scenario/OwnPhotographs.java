package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Stage;
import dev.lockstep.evidence.record.Case;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A new user's way with photographs of one's own. Digits: 10,000 drawn ones as PNG files, a ResNet-8 and 5 epochs with the
 * defaults. Photographs: those of Debian's tuxpaint-stamps-default in class folders, from {@code init} to torchvision; each
 * command is a case and is given as a user types it, in a folder that holds nothing but the photographs. Then five seeds
 * against a PyTorch script. Wallpapers: the same comparison on more pictures, parts of those of lomiri-wallpapers-16.04.
 */
final class OwnPhotographs {
    private final Stage stage;
    private final Settings settings;
    private final Path home;

    private OwnPhotographs(Stage stage, Settings settings) throws IOException {
        this.stage = stage;
        this.settings = settings;
        this.home = Files.createDirectory(stage.path("home"));
    }

    static void play(Stage stage, Settings settings) throws Exception {
        OwnPhotographs photographs = new OwnPhotographs(stage, settings);
        photographs.digits();
        photographs.stamps();
    }

    static void playWallpapers(Stage stage, Settings settings) throws Exception {
        if (settings.python() == null) {
            stage.report().skip("wallpapers", "--python was not given");
            return;
        }
        new OwnPhotographs(stage, settings).tiles();
    }

    /** Runs a command line as a user types it. */
    private Running type(String line) throws IOException, InterruptedException {
        List<String> words = Arrays.asList(line.split(" "));
        Command command = stage.lockstep(words.subList(1, words.size()).toArray(String[]::new));
        Running running = stage.complete(command.in(home), line.replaceAll("[^A-Za-z0-9]+", "-") + ".log");
        if (running.exitCode() != 0) {
            throw new IllegalStateException(line + ": " + running.log().lastLine());
        }
        return running;
    }

    private interface Checked {
        void check(Case claims, Running command) throws Exception;
    }

    /** A case that is a command line. */
    private void typed(String line, String expected, Checked body) {
        stage.check("`" + line + "`", expected, claims -> body.check(claims, type(line)));
    }

    private RunFolder run(String name) {
        return new RunFolder(home.resolve("runs").resolve(name));
    }

    /** Of the last epoch, in percent. */
    private static double error(RunFolder run) {
        return 100 * run.result().path("validation_top1_error").asDouble(Double.NaN);
    }

    static String percent(double error) {
        return String.format(Locale.ROOT, "%.2f %%", error);
    }

    private void digits() throws IOException {
        DrawnDigits.write(home.resolve("digits"), 1_250, 1);
        Files.writeString(home.resolve("digits.yaml"), """
                name: digits
                epochs: 5
                workers: 8
                data: {dataset: imagefolder, image-size: 28, validation-split: 0.2}
                model: {name: resnet8}
                """);
        String train = "lockstep train digits.yaml --data digits --out runs/";
        typed(train + "defaults", "at most 5 % error", (claims, command) -> {
            double error = error(run("defaults"));
            claims.figure("error", percent(error));
            claims.claim(error <= 5, "error " + percent(error));
        });
        String gamma = train + "gamma --set model.zero-init-residual=true";
        typed(gamma, "a warning, and more error", (claims, command) -> {
            claims.figure("error", percent(error(run("gamma"))));
            claims.claim(error(run("gamma")) > error(run("defaults")), "no more error");
            claims.claim(command.log().says("warning: \\[small-network-start\\]"), "no warning");
        });
        typed(
                "lockstep tune digits.yaml --data digits --apply",
                "a rate, written into the recipe",
                (claims, command) -> {
                    claims.figure("rate", rate("digits.yaml"));
                });
        typed(train + "tuned", "at most 5 % error", (claims, command) -> {
            double error = error(run("tuned"));
            claims.figure("error", percent(error));
            claims.claim(error <= 5, "error " + percent(error));
        });
    }

    private String rate(String recipe) throws IOException {
        return Files.readString(home.resolve(recipe)).replaceAll("(?s).*\\breference: ([0-9.]+).*", "$1");
    }

    private void stamps() throws Exception {
        Path data = home.resolve("photos");
        PhotographFolders.stamps(stage, data);
        List<Path> before = PhotographFolders.files(data);
        typed("lockstep init photos", "a recipe; nothing copied or moved", (claims, command) -> {
            command.log().lines().forEach(stage.report()::note);
            claims.figure("photographs", before.size());
            claims.claim(PhotographFolders.files(data).equals(before), "other files than before");
        });
        typed(
                "lockstep data inspect photos.yaml --data photos --all --sheet sheet.png",
                "every image decodes",
                this::ends);
        typed("lockstep plan photos.yaml --data photos --strict", "no warning", this::ends);
        typed(
                "lockstep train photos.yaml --data photos --out runs/photos",
                "less error than guessing",
                (claims, command) -> {
                    claims.figure("error", percent(error(run("photos"))));
                    claims.claim(error(run("photos")) < 60, "error " + percent(error(run("photos"))));
                });
        typed("lockstep eval runs/photos --out mistakes", "the best checkpoint's error", (claims, command) -> {
            claims.claim(Files.size(home.resolve("mistakes/mistakes.png")) > 1000, "no sheet");
        });
        String image = home.relativize(before.get(0)).toString();
        typed("lockstep predict runs/photos " + image, "the classes by probability", this::ends);
        typed("lockstep export runs/photos --out photos.pt", "weights", (claims, command) -> {
            claims.claim(Files.size(home.resolve("photos.pt")) > 1_000_000, "no weights");
        });
        if (settings.python() == null) {
            stage.report().skip("whether torchvision takes the file, and a PyTorch script", "--python was not given");
            return;
        }
        stage.check(
                "`torch.load` and `load_state_dict(strict=True)` in torchvision", "the same probabilities", claims -> {
                    Path predictions = stage.path("predictions.json");
                    Command predict = stage.lockstep("predict", "runs/photos", image, "--top", "5", "--json");
                    Command shell = Command.of("sh", "-c", "out=$0; exec \"$@\" >\"$out\"", predictions.toString());
                    stage.require(shell.with(predict.words()).in(home).env("LC_ALL", "C.UTF-8"), "predictions.log");
                    Running check = stage.complete(
                            python("check", "photos.pt", side("photos.yaml"), predictions.toString(), image),
                            "check.log");
                    check.log().lines().forEach(stage.report()::note);
                    claims.claim(
                            check.exitCode() == 0, "not taken: " + check.log().lastLine());
                });
        compare("photos");
    }

    private void ends(Case claims, Running command) {}

    private String side(String recipe) throws IOException {
        return number(recipe, "image-size");
    }

    private String number(String recipe, String key) throws IOException {
        return Files.readString(home.resolve(recipe)).replaceAll("(?s).*" + key + ": ([0-9]+).*", "$1");
    }

    private void tiles() throws Exception {
        PhotographFolders.tiles(stage, home.resolve("wallpapers"));
        typed("lockstep init wallpapers", "a recipe", (claims, command) -> {
            command.log().lines().forEach(stage.report()::note);
            claims.figure(
                    "photographs",
                    PhotographFolders.files(home.resolve("wallpapers")).size());
        });
        type("lockstep train wallpapers.yaml --data wallpapers --out runs/wallpapers --set epochs=1");
        type("lockstep eval runs/wallpapers --out wallpapers-mistakes");
        compare("wallpapers");
    }

    private Command python(String... arguments) {
        Path script = stage.checkout().home().resolve("evidence/photographs_torchvision.py");
        return Command.of(String.valueOf(settings.python()), script.toString())
                .with(arguments)
                .in(home);
    }

    /** Five seeds of both, each at the rate that its own sweep has found. */
    private void compare(String name) throws Exception {
        String recipe = name + ".yaml";
        typed(
                "lockstep tune " + recipe + " --data " + name + " --apply",
                "a rate, written into the recipe",
                (claims, command) -> {
                    claims.figure("rate", rate(recipe));
                });
        TorchvisionTrial trial =
                new TorchvisionTrial(stage, this::python, home.resolve(name), stage.path(name + "-split"));
        stage.check(name + ", five seeds against PyTorch", "at most as much error, by the study's test", claims -> {
            List<Double> ours = TorchvisionTrial.SEEDS.stream()
                    .map(seed -> seeded(name, seed))
                    .toList();
            trial.split(home.resolve(name.equals("photos") ? "mistakes" : name + "-mistakes")
                    .resolve("images.csv"));
            int minibatch =
                    Integer.parseInt(number(recipe, "workers")) * Integer.parseInt(number(recipe, "images-per-worker"));
            List<String> size = List.of(side(recipe), Integer.toString(minibatch));
            String rate = trial.rate(size);
            List<Double> theirs = trial.errors(size, number(recipe, "epochs"), rate);
            double worse = Welch.pAbove(ours, theirs);
            claims.figure("error", percent(Welch.mean(ours)));
            claims.figure("error of PyTorch", percent(Welch.mean(theirs)));
            claims.figure("rate of PyTorch", rate);
            claims.figure("p of more error", String.format(Locale.ROOT, "%.2g", worse));
            stage.report().note("Lockstep " + ours + ", PyTorch " + theirs);
            claims.claim(worse >= Welch.LEVEL, "more error, p = " + worse);
        });
    }

    private double seeded(String name, int seed) {
        try {
            type("lockstep train " + name + ".yaml --data " + name + " --out runs/" + name + "-" + seed + " --set seed="
                    + seed);
            return error(run(name + "-" + seed));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
