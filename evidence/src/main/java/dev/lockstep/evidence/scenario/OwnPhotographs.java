package dev.lockstep.evidence.scenario;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Stage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A new user's way with photographs of one's own. Digits: 10,000 drawn ones as PNG files, a ResNet-8 and 5 epochs with the
 * defaults. Photographs: the stamps of Debian's tuxpaint-stamps-default in class folders, from {@code init} to {@code
 * export}.
 */
final class OwnPhotographs {
    private static final String PACKAGE = "tuxpaint-stamps-default";
    /** The package's folders that become classes. */
    private static final Map<String, String> CLASSES = Map.of(
            "animals/birds", "bird",
            "plants/flowers", "flower",
            "food/fruit", "fruit",
            "animals/mammals", "mammal",
            "food/vegetables", "vegetable");

    private final Stage stage;

    private OwnPhotographs(Stage stage) {
        this.stage = stage;
    }

    static void play(Stage stage, Settings settings) throws Exception {
        OwnPhotographs photographs = new OwnPhotographs(stage);
        photographs.digits();
        photographs.stamps();
    }

    private Running succeeds(String log, String... arguments) throws IOException, InterruptedException {
        Running command = stage.complete(stage.lockstep(arguments), log);
        if (command.exitCode() != 0) {
            throw new IllegalStateException(
                    arguments[0] + " failed: " + command.log().lastLine());
        }
        return command;
    }

    private double error(RunFolder run) {
        JsonNode error = run.result().get("validation_top1_error");
        return 100 * error.asDouble();
    }

    private static String percent(double error) {
        return String.format(Locale.ROOT, "%.2f %%", error);
    }

    private void digits() throws Exception {
        Path data = stage.path("digits");
        DrawnDigits.write(data, 1_250, 1);
        Path recipe = Files.writeString(stage.path("digits.yaml"), """
                name: digits
                epochs: 5
                workers: 8
                data: {dataset: imagefolder, image-size: 28, validation-split: 0.2}
                model: {name: resnet8}
                """);
        stage.check("digits, ResNet-8, 5 epochs, defaults", "at most 5 % error", claims -> {
            double error = error(trained("defaults", recipe, data));
            claims.figure("error", percent(error));
            claims.claim(error <= 5, "error " + percent(error));
        });
        stage.check("the same with γ = 0, the default of before", "a warning, and more error", claims -> {
            RunFolder run = trained("gamma", recipe, data, "--set", "model.zero-init-residual=true");
            claims.figure("error", percent(error(run)));
            claims.claim(error(run) > error(stage.run("defaults")), "no more error");
            boolean warned = Files.readString(stage.path("gamma.log")).contains("warning: [small-network-start]");
            claims.claim(warned, "no warning");
        });
        stage.check("the rate that tune suggests", "written into the recipe, at most 5 % error", claims -> {
            succeeds("tune.log", "tune", recipe.toString(), "--data", data.toString(), "--apply");
            double error = error(trained("tuned", recipe, data));
            claims.figure("error", percent(error));
            claims.figure("rate", rate(recipe));
            claims.claim(error <= 5, "error " + percent(error));
        });
    }

    private static String rate(Path recipe) throws IOException {
        return Files.readString(recipe).replaceAll("(?s).*reference: ([0-9.]+).*", "$1");
    }

    private RunFolder trained(String name, Path recipe, Path data, String... options)
            throws IOException, InterruptedException {
        RunFolder run = stage.run(name);
        List<String> words = new ArrayList<>(List.of(
                "train",
                recipe.toString(),
                "--data",
                data.toString(),
                "--out",
                run.path().toString()));
        words.addAll(List.of(options));
        succeeds(name + ".log", words.toArray(String[]::new));
        return run;
    }

    private void stamps() throws Exception {
        Path data = stampFolder();
        Path recipe = stage.path("stamps.yaml");
        RunFolder run = stage.run("stamps-run");
        String photographs = data.toString();
        stage.check("init of a folder of photographs", "a recipe without warnings, nothing copied", claims -> {
            long before = files(data);
            Running init = succeeds("init.log", "init", photographs, "--out", recipe.toString());
            init.log().lines().forEach(stage.report()::note);
            claims.equal("files", before, files(data));
            succeeds("plan.log", "plan", recipe.toString(), "--data", photographs, "--strict");
            claims.figure("photographs", before);
        });
        stage.check(
                "inspect, train for 20 epochs, eval, predict, export",
                "each ends well; the error is below guessing",
                claims -> {
                    succeeds("inspect.log", "data", "inspect", recipe.toString(), "--data", photographs, "--all");
                    trained("stamps-run", recipe, data, "--set", "epochs=20");
                    double error = error(run);
                    claims.figure("error", percent(error));
                    claims.claim(error < 60, "error " + percent(error));
                    Running eval = succeeds("eval.log", "eval", run.path().toString(), "--data", photographs, "--json");
                    claims.claim(eval.exitCode() == 0, "eval failed");
                    succeeds(
                            "predict.log",
                            "predict",
                            run.path().toString(),
                            firstFile(data).toString());
                    succeeds(
                            "export.log",
                            "export",
                            run.path().toString(),
                            "--out",
                            stage.path("stamps.pt").toString());
                    claims.claim(Files.size(stage.path("stamps.pt")) > 1_000_000, "no weights");
                });
    }

    private static long files(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).count();
        }
    }

    private static Path firstFile(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).sorted().findFirst().orElseThrow();
        }
    }

    /** The package's photographs in class folders; drawings are in folders of their own and left out. */
    private Path stampFolder() throws IOException, InterruptedException {
        String fetch = "cd \"$0\" && apt-get -qq download " + PACKAGE + " && dpkg-deb -x " + PACKAGE + "_*.deb package";
        stage.require(Command.of("sh", "-c", fetch, stage.path(".").toString()), "fetch.log");
        Path stamps = stage.path("package/usr/share/tuxpaint/stamps");
        Path data = stage.path("stamps");
        for (Map.Entry<String, String> group : CLASSES.entrySet()) {
            Path target = Files.createDirectories(data.resolve(group.getValue()));
            try (Stream<Path> files = Files.walk(stamps.resolve(group.getKey()))) {
                for (Path file : files.filter(file -> file.toString().endsWith(".png"))
                        .filter(file -> !file.toString().contains("cartoon"))
                        .sorted()
                        .toList()) {
                    String name =
                            stamps.resolve(group.getKey()).relativize(file).toString();
                    Files.copy(file, target.resolve(name.replace('/', '-')));
                }
            }
        }
        return data;
    }
}
