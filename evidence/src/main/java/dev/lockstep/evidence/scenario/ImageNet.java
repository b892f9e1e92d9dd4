package dev.lockstep.evidence.scenario;

import dev.lockstep.evidence.process.Command;
import dev.lockstep.evidence.process.Damage;
import dev.lockstep.evidence.process.RunFolder;
import dev.lockstep.evidence.process.Running;
import dev.lockstep.evidence.process.Stage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * ImageNet's path from end to end, on a folder of its shape: 1000 class folders in train/ and in val/, filled with parts of real
 * photographs. The paper's ResNet-50 recipe with 4 of its 256 workers is trained for 3 steps, stopped and resumed on another
 * number of processes, evaluated and exported; shards packed from the folder give the same weights; a truncated image stops a
 * run, or is replaced on every process alike. Needs /usr/share/backgrounds with photographs (Debian's lomiri-wallpapers-16.04;
 * fetched when it is not there) and about 10 GB of memory.
 */
final class ImageNet {
    private static final String RECIPE = "imagenet-resnet50-8k.yaml";
    private static final List<String> SMALL =
            List.of("--set", "model.name=resnet18", "--set", "data.image-size=64", "--stop-after", "1");

    private final Stage stage;
    private final Settings settings;
    private final Path data;
    private final String recipe;

    private ImageNet(Stage stage, Settings settings) {
        this.stage = stage;
        this.settings = settings;
        data = stage.path("imagenet");
        recipe = stage.checkout().recipe(RECIPE).toString();
    }

    static void play(Stage stage, Settings settings) throws Exception {
        ImageNet imageNet = new ImageNet(stage, settings);
        imageNet.makeFolder();
        imageNet.resume();
        imageNet.export();
        imageNet.shards();
        imageNet.truncatedImage();
    }

    private Running imagenet(RunFolder out, Path from, List<String> options) throws IOException, InterruptedException {
        Command command = stage.train(RECIPE, out, "--data", from.toString(), "--set", "workers=4")
                .with(options);
        return stage.complete(command, out.path().getFileName() + ".log");
    }

    private RunFolder trained(String name, Path from, String... options) throws IOException, InterruptedException {
        RunFolder out = stage.run(name);
        Running run = imagenet(out, from, List.of(options));
        if (run.exitCode() != 0) {
            throw new IllegalStateException(name + " failed: " + run.log().lastLine());
        }
        return out;
    }

    private static String[] small(String... more) {
        return Stream.concat(SMALL.stream(), Stream.of(more)).toArray(String[]::new);
    }

    private void makeFolder() throws Exception {
        List<String> arguments = new ArrayList<>(List.of(data.toString()));
        arguments.addAll(Photographs.find(stage));
        ImageNetShape.main(arguments.toArray(String[]::new));
        stage.check("a folder of 1000 classes of photographs", "every image decodes", claims -> {
            String sheet = stage.path("sheet.png").toString();
            succeeds("inspect.log", "data", "inspect", recipe, "--data", data.toString(), "--all", "--sheet", sheet);
        });
    }

    private Running succeeds(String log, String... arguments) throws IOException, InterruptedException {
        Running command = stage.complete(stage.lockstep(arguments), log);
        if (command.exitCode() != 0) {
            throw new IllegalStateException(
                    arguments[0] + " failed: " + command.log().lastLine());
        }
        return command;
    }

    private void resume() {
        stage.check("2 steps on 2 processes and 1 more on 1, against 3 on 1", "the same weights, evaluated", claims -> {
            RunFolder straight = trained("straight", data, "--stop-after", "3");
            trained("resumed", data, "--stop-after", "2", "--procs", "2");
            RunFolder resumed = trained("resumed", data, "--stop-after", "3");
            claims.figure("weights", resumed.weights());
            claims.claim(resumed.weights().equals(straight.weights()), "other weights");
            succeeds("eval.log", "eval", resumed.path().toString(), "--data", data.toString());
        });
    }

    private void export() throws IOException {
        String resumed = stage.path("resumed").toString();
        stage.check("exported to .safetensors and .pt", "predictions as of the checkpoint, byte by byte", claims -> {
            String expected = predictions("checkpoint.json", resumed);
            for (String format : List.of("safetensors", "pt")) {
                String file = stage.path("resnet50." + format).toString();
                succeeds("export-" + format + ".log", "export", resumed, "--out", file);
                String seen = predictions(format + ".json", file, "--recipe", recipe, "--data", data.toString());
                claims.claim(seen.equals(expected), "other predictions of ." + format);
            }
        });
        String python = settings.python();
        if (python == null) {
            stage.report().skip("whether torchvision takes both files and agrees", "--python was not given");
            return;
        }
        stage.check("torchvision takes both files", "strict load, its log-probabilities agree", claims -> {
            Path script = stage.checkout().home().resolve("evidence/imagenet_torchvision.py");
            Running check = stage.complete(
                    Command.of(python, script.toString(), stage.path(".").toString())
                            .with(probes()),
                    "torchvision.log");
            check.log().lines().forEach(stage.report()::note);
            claims.claim(check.exitCode() == 0, "not taken: " + check.log().lastLine());
        });
    }

    private List<String> probes() throws IOException {
        try (Stream<Path> files = Files.list(data.resolve("probe"))) {
            return files.map(Path::toString).sorted().toList();
        }
    }

    /** JSON of the predictions alone: warnings go elsewhere. */
    private String predictions(String file, String network, String... options)
            throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of("predict", network));
        words.addAll(probes());
        words.addAll(List.of(options));
        words.addAll(List.of("--top", "1000", "--json"));
        Path json = stage.path(file);
        Command shell = Command.of("sh", "-c", "out=$0; exec \"$@\" >\"$out\"", json.toString())
                .with(stage.lockstep(words.toArray(String[]::new)).words())
                .env("LC_ALL", "C.UTF-8");
        stage.require(shell, file + ".log");
        return Files.readString(json);
    }

    private void shards() {
        stage.check("shards packed from the folder", "the folder's weights after a step", claims -> {
            RunFolder folder = trained("folder", data, small());
            Path shards = stage.path("shards");
            succeeds("pack.log", "data", "pack", data.toString(), "--out", shards.toString());
            RunFolder packed = trained("packed", shards, small());
            claims.figure("weights", packed.weights());
            claims.claim(packed.weights().equals(folder.weights()), "other weights");
        });
    }

    /** With one image per class, the number of an image is that of its class: cut short one of the first step. */
    private Path imageOfTheFirstStep() throws IOException, InterruptedException {
        Running order = succeeds(
                "order.log",
                "data",
                "order",
                recipe,
                "--data",
                data.toString(),
                "--set",
                "workers=4",
                "--epoch",
                "0",
                "--iteration",
                "0");
        Matcher samples = Pattern.compile("\"samples\":\\[(\\d+)")
                .matcher(String.join("\n", order.log().lines()));
        if (!samples.find()) {
            throw new IllegalStateException("no samples: " + order.log().lastLine());
        }
        try (Stream<Path> files = Files.walk(data.resolve("train"))) {
            return files.filter(Files::isRegularFile)
                    .sorted(Comparator.comparing(Path::toString))
                    .toList()
                    .get(Integer.parseInt(samples.group(1)));
        }
    }

    private void truncatedImage() {
        stage.check(
                "a truncated image",
                "named, exit code 3; with --skip-bad-images listed, and the same weights on 1 and 2 processes",
                claims -> {
                    Path bad = imageOfTheFirstStep();
                    Damage.truncate(bad, 9000);
                    Running refused = imagenet(stage.run("refused"), data, SMALL);
                    SmallRuns.exits(claims, refused, 3);
                    claims.claim(refused.log().says("^error: .*truncated.*" + bad), "not named");
                    RunFolder alone = trained("alone", data, small("--skip-bad-images"));
                    RunFolder pair = trained("pair", data, small("--skip-bad-images", "--procs", "2"));
                    claims.figure("weights", pair.weights());
                    claims.claim(pair.weights().equals(alone.weights()), "other weights");
                    claims.claim(pair.metrics().says("bad-image.*" + bad), "not listed");
                });
    }
}
