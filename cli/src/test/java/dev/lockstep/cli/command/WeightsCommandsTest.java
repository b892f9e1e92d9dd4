package dev.lockstep.cli.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.checkpoint.Weights;
import dev.lockstep.cli.Main;
import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.metrics.RunResult;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code eval}, {@code predict}, {@code export} and {@code train --weights} on a small trained network. */
final class WeightsCommandsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    static Path folder;

    private static Path recipe;
    private static Path run;
    private static Path checkpoint;

    private record Result(int exitCode, String out, String err) {}

    @BeforeAll
    static void train() throws IOException {
        recipe = Files.writeString(folder.resolve("recipe.yaml"), """
                name: small
                epochs: 1
                workers: 2
                images-per-worker: 8
                data: {dataset: "synthetic:images=64,validation=37,shape=3x12x12,classes=7"}
                model: {name: resnet8, width: 4}
                evaluation: {images-per-batch: 10}
                """);
        run = folder.resolve("run");
        assertThat(run("train", recipe.toString(), "--out", run.toString(), "--lanes", "2").exitCode)
                .isZero();
        checkpoint = run.resolve("checkpoints").resolve("step-00000004.safetensors");
    }

    private static Result run(Object... arguments) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream capturedOut = new ByteArrayOutputStream();
        ByteArrayOutputStream capturedErr = new ByteArrayOutputStream();
        try {
            System.setOut(new PrintStream(capturedOut, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(capturedErr, true, StandardCharsets.UTF_8));
            int exitCode =
                    Main.execute(Arrays.stream(arguments).map(Object::toString).toArray(String[]::new));
            return new Result(
                    exitCode,
                    capturedOut.toString(StandardCharsets.UTF_8),
                    capturedErr.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    @Test
    void eval_ofACheckpoint_givesWhatTrainingMeasured() throws IOException {
        RunResult trained = RunResult.read(run);
        for (Object network : List.of(run, checkpoint)) {
            JsonNode measured = JSON.readTree(run("eval", network, "--json", "--lanes", "1").out);
            assertThat(measured.get("images").asInt()).isEqualTo(37);
            assertThat(measured.get("validation_top1_error").asDouble()).isEqualTo(trained.validationTop1Error());
            assertThat(measured.get("validation_top5_error").asDouble()).isEqualTo(trained.validationTop5Error());
            assertThat(measured.get("validation_loss").asDouble()).isEqualTo(trained.validationLoss());
            assertThat(measured.get("weights_sha256").asText()).isEqualTo(trained.weightsSha256());
        }
    }

    @Test
    void eval_intoAFolder_writesEveryAnswerAndTheWorstAsPictures() throws IOException {
        Path out = folder.resolve("answers");
        Result printed = run("eval", run, "--out", out, "--worst", "4", "--json");
        assertThat(printed.exitCode).as(printed.err).isZero();
        JsonNode found = JSON.readTree(printed.out);
        assertThat(JSON.readTree(out.resolve("evaluation.json").toFile())).isEqualTo(found);

        int wrong = 0;
        int images = 0;
        for (int c = 0; c < 7; c++) {
            JsonNode result = found.get("classes").get(c);
            int inRow = 0;
            for (JsonNode count : found.get("confusion").get(c)) {
                inRow += count.asInt();
            }
            assertThat(result.get("images").asInt()).isEqualTo(inRow);
            images += inRow;
            wrong += result.get("wrong").asInt();
        }
        assertThat(images).isEqualTo(37);
        assertThat(wrong / 37.0).isEqualTo(found.get("validation_top1_error").asDouble());
        assertThat(found.get("worst")).hasSize(4);
        assertThat(found.get("calibration").get("expected_error").asDouble()).isBetween(0.0, 1.0);

        List<String> answers = Files.readAllLines(out.resolve("images.csv"));
        assertThat(answers).hasSize(38).first().asString().startsWith("index,file,class,predicted,right,");
        assertThat(answers.stream().filter(line -> line.contains(",false,"))).hasSize(wrong);
        double loss = answers.stream()
                .skip(1)
                .mapToDouble(line -> -Math.log(Double.parseDouble(line.substring(line.lastIndexOf(',') + 1))))
                .average()
                .orElseThrow();
        assertThat(loss).isCloseTo(found.get("validation_loss").asDouble(), within(1e-5));
        assertThat(Files.readAllLines(out.resolve("classes.csv"))).hasSize(8);
        assertThat(Files.readAllLines(out.resolve("confusion.csv"))).hasSize(8);
        BufferedImage sheet = ImageIO.read(out.resolve("mistakes.png").toFile());
        assertThat(sheet.getWidth()).isEqualTo(6 + 4 * (120 + 6));
        assertThat(sheet.getHeight()).isEqualTo(6 + 120 + 2 * 16 + 6);
        assertThat(darkPixels(sheet, 6 + 120, 16)).isGreaterThan(100);

        assertThat(run("eval", run, "--out", out).exitCode).isZero();
        Files.writeString(out.resolve("classes.csv"), "my,table\n");
        Result refused = run("eval", run, "--out", out);
        assertThat(refused.exitCode).isEqualTo(2);
        assertThat(refused.err)
                .contains("was not written by this command and is kept")
                .contains("classes.csv");
        assertThat(run("eval", run, "--worst", "501").exitCode).isEqualTo(2);
    }

    /** Of text in a strip. */
    private static int darkPixels(BufferedImage image, int top, int height) {
        int dark = 0;
        for (int y = top; y < top + height; y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                dark += (image.getRGB(x, y) & 0xff) < 128 ? 1 : 0;
            }
        }
        return dark;
    }

    @Test
    void eval_text_namesTheClassesAndWhatTheyAreTakenFor() {
        assertThat(run("eval", run).out)
                .containsPattern("calibration error [0-9.]+ points \\(mean confidence [0-9.]+ %\\)\n")
                .contains("error by class:\n")
                .containsPattern("  class-\\d +[0-9.]+ % of \\d+(, \\d+ taken for class-\\d)?\n");
    }

    @Test
    void predict_ofAFolder_takesItsImagesAndNamesBadOnes() throws IOException {
        Path photos = photos(folder.resolve("album"));
        Files.writeString(photos.resolve("notes.txt"), "no image");
        Files.writeString(photos.resolve("train").resolve("broken.jpg"), "no image either");
        Result table = run("predict", run, photos, "--csv", "--top", "2");
        assertThat(table.exitCode).isEqualTo(3);
        assertThat(table.err).hasLineCount(1).startsWith("skipped: ").contains("broken.jpg");
        assertThat(table.out.lines()).hasSize(1 + 2 * 64).startsWith("image,rank,class,name,probability");
        assertThat(table.out.lines().skip(1).findFirst().orElseThrow())
                .startsWith(photos.resolve("train/dark/01.png") + ",1,");

        Result both = run("predict", run, photos.resolve("val").resolve("dark").resolve("33.png"), photos, "--csv");
        assertThat(both.exitCode).as(both.err).isEqualTo(3);
        Result named = run("predict", run, photos, photos.resolve("train").resolve("broken.jpg"));
        assertThat(named.exitCode).isEqualTo(3);
        assertThat(named.err).contains("error: ").endsWith("use an intact JPEG or PNG file\n");
        Files.delete(photos.resolve("train").resolve("broken.jpg"));
        Result json = run("predict", run, photos, "--json", "--top", "1");
        assertThat(json.exitCode).isZero();
        assertThat(JSON.readTree(json.out)).hasSize(64);
        assertThat(run("predict", run, Files.createDirectory(folder.resolve("void"))).err)
                .startsWith("error: no image in this folder, folder = ");
        assertThat(run("predict", run, photos, "--csv", "--json").exitCode).isEqualTo(2);
    }

    /** With this rate the error goes up and down. */
    @Test
    void eval_ofARun_takesItsBestCheckpointAndItsData() throws IOException {
        Path photos = photos(folder.resolve("photos"));
        Path out = folder.resolve("best");
        Path relative = Path.of("").toAbsolutePath().relativize(photos);
        Result trained = run(
                "train",
                recipe,
                "--out",
                out,
                "--keep",
                "1",
                "--data",
                relative,
                "--set",
                "data={dataset: imagefolder, image-size: 8}",
                "--set",
                "epochs=6",
                "--set",
                "learning-rate={reference: 0.3, reference-minibatch: 16, warmup: {kind: none}}");
        assertThat(trained.exitCode).as(trained.err).isZero();
        List<EpochMetrics> epochs =
                MetricsFile.read(out.resolve(MetricsFile.NAME)).epochs();
        EpochMetrics best = epochs.stream()
                .min(Comparator.comparingDouble(EpochMetrics::validationTop1Error))
                .orElseThrow();
        EpochMetrics last = epochs.get(5);
        assertThat(best.validationTop1Error()).isLessThan(last.validationTop1Error());

        Result measured = run("eval", out, "--json");
        assertThat(measured.exitCode).as(measured.err).isZero();
        assertThat(JSON.readTree(measured.out).get("validation_top1_error").asDouble())
                .isEqualTo(best.validationTop1Error());
        assertThat(measured.err)
                .startsWith("using the checkpoint of step " + best.step() + ", which has the lowest validation error");
        Result newest = run("eval", out, "--json", "--checkpoint", "last");
        assertThat(newest.err).isEmpty();
        assertThat(JSON.readTree(newest.out).get("validation_top1_error").asDouble())
                .isEqualTo(last.validationTop1Error());
        Path file = out.resolve("checkpoints").resolve("step-%08d.safetensors".formatted(best.step()));
        Path exported = folder.resolve("best.pt");
        assertThat(run("export", out, "--out", exported).exitCode).isZero();
        assertThat(Weights.read(exported).id())
                .isEqualTo(Weights.of(Checkpoint.read(file)).id());
        assertThat(run("eval", out, "--checkpoint", "first").err)
                .isEqualTo("error: --checkpoint = first, use best or last\n");

        Files.move(photos, folder.resolve("moved"));
        Result gone = run("eval", out);
        assertThat(gone.exitCode).isEqualTo(3);
        assertThat(gone.err).contains("note: the data of the run is gone, folder = " + photos);
        assertThat(run("eval", out, "--data", folder.resolve("moved")).exitCode).isZero();
    }

    /** Two classes of noisy images, of which one is brighter. */
    private static Path photos(Path at) throws IOException {
        Random random = new Random(1);
        for (int i = 0; i < 64; i++) {
            boolean light = i % 2 == 0;
            Path file = at.resolve(i < 32 ? "train" : "val")
                    .resolve(light ? "light" : "dark")
                    .resolve("%02d.png".formatted(i));
            BufferedImage image = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
            for (int pixel = 0; pixel < 64; pixel++) {
                image.setRGB(pixel % 8, pixel / 8, random.nextInt(200) * 0x10101 + (light ? 0x101010 : 0));
            }
            Files.createDirectories(file.getParent());
            ImageIO.write(image, "png", file.toFile());
        }
        return at;
    }

    @Test
    void eval_text_namesErrorsAndCounts() throws IOException {
        double error = RunResult.read(run).validationTop1Error();
        assertThat(run("eval", run).out)
                .startsWith("resnet8 on 37 validation images of synthetic:")
                .contains(String.format("top-1 error %.2f %% (%d wrong)", 100 * error, Math.round(37 * error)))
                .contains("top-5 error");
    }

    @Test
    void eval_ofExportedWeights_needsTheRecipeAndGivesTheSame() throws IOException {
        String expected = run("eval", run, "--json").out;
        for (String name : List.of("e.safetensors", "e.pt")) {
            Path exported = folder.resolve(name);
            assertThat(run("export", run, "--out", exported)).isEqualTo(new Result(0, exported + ": 44 tensors\n", ""));
            assertThat(run("eval", exported, "--recipe", recipe, "--json").out).isEqualTo(expected);
            assertThat(run("eval", "--weights", exported, "--recipe", recipe, "--json").out)
                    .isEqualTo(expected);
            Result without = run("eval", exported);
            assertThat(without.exitCode).isEqualTo(2);
            assertThat(without.err)
                    .isEqualTo("error: a plain weights file does not identify its network, file = " + exported
                            + ", give its recipe with --recipe\n");
        }
    }

    @Test
    void eval_argumentAndWeightsOrNeither_isAUsageError() {
        Result both = run("eval", run, "--weights", checkpoint);
        assertThat(both.exitCode).isEqualTo(2);
        assertThat(both.err).contains("mutually exclusive").hasLineCount(1);
        Result none = run("eval", "--recipe", recipe);
        assertThat(none.exitCode).isEqualTo(2);
        assertThat(none.err).contains("CHECKPOINT").contains("--weights").hasLineCount(1);
    }

    @Test
    void export_json_isOneDocument() throws IOException {
        Path exported = folder.resolve("json.pt");
        JsonNode json = JSON.readTree(run("export", run, "--out", exported, "--json").out);
        assertThat(json.get("file").asText()).isEqualTo(exported.toString());
        assertThat(json.get("tensors").asInt()).isEqualTo(44);
    }

    @Test
    void export_hasNoOptimizerStateAndIsTheSameFromEveryForm() throws IOException {
        Path pt = folder.resolve("x.pt");
        Path safetensors = folder.resolve("x.safetensors");
        Path again = folder.resolve("again.pt");
        run("export", checkpoint, "--out", pt);
        run("export", pt, "--out", safetensors);
        run("export", safetensors, "--out", again);
        assertThat(Files.readAllBytes(again)).isEqualTo(Files.readAllBytes(pt));
        assertThat(Weights.read(pt).id())
                .isEqualTo(Weights.of(Checkpoint.read(checkpoint)).id());
        assertThat(Weights.read(safetensors).tensors().keySet()).first().isEqualTo("conv1.weight");
        assertThat(Weights.read(safetensors).tensors().keySet()).noneMatch(name -> name.startsWith("optimizer"));
    }

    /** Weights that no command writes: {@code fc.bias} is NaN. */
    private static Path spoiled() throws IOException {
        Path file = folder.resolve("spoiled.safetensors");
        run("export", run, "--out", file);
        byte[] bytes = Files.readAllBytes(file);
        String header = new String(bytes, 8, bytes[0] & 0xff | (bytes[1] & 0xff) << 8, StandardCharsets.UTF_8);
        JsonNode bias = JSON.readTree(header).get("fc.bias").get("data_offsets");
        int at = 8 + header.length() + bias.get(0).asInt();
        bytes[at + 2] = bytes[at + 3] = (byte) 0xff;
        String unchecked = header.replaceFirst("\"checksum\":", "\"chequers\":");
        System.arraycopy(unchecked.getBytes(StandardCharsets.UTF_8), 0, bytes, 8, header.length());
        return Files.write(file, bytes);
    }

    @Test
    void weightsThatAreNotFinite_giveStrictJsonAndAreNotExported() throws IOException {
        Path file = spoiled();
        Result measured = run("eval", file, "--recipe", recipe, "--json");
        assertThat(measured.exitCode).as(measured.err).isZero();
        assertThat(JSON.readTree(measured.out).get("validation_loss").isNull()).isTrue();
        assertThat(measured.out).doesNotContain("NaN");
        Result seen = run("predict", file, image("nan.png", 12, 12), "--recipe", recipe, "--json");
        assertThat(seen.exitCode).as(seen.err).isZero();
        assertThat(seen.out).doesNotContain("NaN");
        for (Result refused : List.of(
                run("export", file, "--out", folder.resolve("passed-on.pt")),
                train(folder.resolve("spoiled"), "--weights", file))) {
            assertThat(refused.exitCode).isEqualTo(6);
            assertThat(refused.err)
                    .startsWith("error: weights are not finite: tensor = fc.bias")
                    .hasLineCount(1);
        }
        assertThat(folder.resolve("passed-on.pt")).doesNotExist();
    }

    @Test
    void export_unknownEnding_isAUsageError() {
        Result result = run("export", checkpoint, "--out", folder.resolve("w.bin"));
        assertThat(result.exitCode).isEqualTo(2);
        assertThat(result.err).contains("use .safetensors, .pt or .pth").hasLineCount(1);
    }

    @Test
    void missingOrDamagedWeights_areCheckpointErrors() throws IOException {
        Path damaged = Files.writeString(folder.resolve("damaged.pt"), "PK\3\4 nothing");
        for (Path file : List.of(folder.resolve("none.pt"), damaged, folder)) {
            Result result = run("eval", file, "--recipe", recipe);
            assertThat(result.exitCode).as(file.toString()).isEqualTo(6);
            assertThat(result.err)
                    .startsWith("error: ")
                    .contains(file.toString())
                    .hasLineCount(1);
        }
    }

    @Test
    void weightsOfAnotherNetwork_areNamedTensorByTensor() {
        Path exported = folder.resolve("other.pt");
        run("export", run, "--out", exported);
        Result result = run("eval", exported, "--recipe", recipe, "--set", "model.width=8");
        assertThat(result.exitCode).isEqualTo(6);
        assertThat(result.err)
                .hasLineCount(1)
                .contains("conv1.weight F32[4, 3, 3, 3] instead of F32[8, 3, 3, 3]")
                .contains("fc.weight F32[7, 16] instead of F32[7, 32]");
    }

    private static Path image(String name, int width, int height) throws IOException {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                image.setRGB(x, y, x * 255 / width << 16 | y * 255 / height << 8 | 128);
            }
        }
        Path file = folder.resolve(name);
        ImageIO.write(image, name.substring(name.indexOf('.') + 1), file.toFile());
        return file;
    }

    @Test
    void predict_namesClassesWithProbabilitiesThatSumToOne() throws IOException {
        Path own = image("own.png", 12, 12);
        Path large = image("large.jpg", 240, 240);
        JsonNode images = JSON.readTree(run("predict", run, own, large, "--top", "9", "--json").out);
        assertThat(images).hasSize(2);
        List<Double> first = new ArrayList<>();
        for (JsonNode prediction : images.get(0).get("predictions")) {
            first.add(prediction.get("probability").asDouble());
            assertThat(prediction.get("name").asText())
                    .isEqualTo("class-" + prediction.get("class").asInt());
        }
        assertThat(first).hasSize(7).isSortedAccordingTo((a, b) -> Double.compare(b, a));
        assertThat(first.stream().mapToDouble(p -> p).sum()).isCloseTo(1, within(1e-9));
        // The same picture at 20 times the size, as JPEG.
        JsonNode best = images.get(1).get("predictions").get(0);
        assertThat(best.get("class"))
                .isEqualTo(images.get(0).get("predictions").get(0).get("class"));
        assertThat(best.get("probability").asDouble()).isCloseTo(first.get(0), within(0.05));
    }

    @Test
    void predict_text_printsTheTopClasses() throws IOException {
        Path image = image("text.png", 12, 12);
        List<String> lines =
                run("predict", run, image, "--top", "2").out.lines().toList();
        assertThat(lines).hasSize(3);
        assertThat(lines.get(0)).isEqualTo(image.toString());
        assertThat(lines.get(1)).matches(" +\\d+\\.\\d\\d %  class-\\d");
    }

    @Test
    void predict_badImage_isADataErrorThatNamesIt() throws IOException {
        Path text = Files.writeString(folder.resolve("text.jpg"), "not an image");
        for (Path file : List.of(text, folder.resolve("none.jpg"))) {
            Result result = run("predict", run, file);
            assertThat(result.exitCode).isEqualTo(3);
            assertThat(result.err)
                    .startsWith("error: ")
                    .contains(file.toString())
                    .doesNotContain("--skip-bad-images")
                    .hasLineCount(1);
        }
    }

    @Test
    void predict_topBelowOne_isAUsageError() {
        assertThat(run("predict", run, "any.png", "--top", "0"))
                .isEqualTo(new Result(2, "", "error: --top = 0, must be at least 1\n"));
    }

    private static Result train(Path out, Object... more) {
        return run(Stream.concat(Stream.of("train", recipe, "--out", out), Arrays.stream(more))
                .toArray());
    }

    private static String weightsAt(Path out, int step) {
        Path file = out.resolve("checkpoints").resolve("step-%08d.safetensors".formatted(step));
        return Weights.of(Checkpoint.read(file)).id();
    }

    @Test
    void train_fromWeights_startsThereAndResumesByTheSameCommand() throws IOException {
        Path pt = folder.resolve("start.pt");
        run("export", run, "--out", pt);
        String id = Weights.read(pt).id();

        Path initial = folder.resolve("initial");
        assertThat(train(initial, "--weights", pt, "--stop-after", "0").exitCode)
                .isZero();
        assertThat(weightsAt(initial, 0)).isEqualTo(id);
        assertThat(Files.readString(initial.resolve("recipe.yaml"))).contains("weights: \"" + id + "\"");

        Path straight = folder.resolve("straight");
        assertThat(train(straight, "--weights", pt).exitCode).isZero();
        Path resumed = folder.resolve("resumed");
        assertThat(train(resumed, "--weights", pt, "--stop-after", "2").exitCode)
                .isZero();
        // With the run's own recipe, which identifies the weights, the file is not needed any more.
        assertThat(run("train", resumed.resolve("recipe.yaml"), "--out", resumed).exitCode)
                .isZero();
        assertThat(weightsAt(resumed, 4)).isEqualTo(weightsAt(straight, 4)).isNotEqualTo(weightsAt(run, 4));
    }

    @Test
    void train_withANewHead_takesTheOtherLayersAndSaysSoInTheRecipe() throws IOException {
        Path pt = folder.resolve("body.pth");
        run("export", run, "--out", pt);
        String classes = "data.dataset=\"synthetic:images=64,validation=37,shape=3x12x12,classes=5\"";
        Path refused = folder.resolve("old-head");
        Result oldHead = train(refused, "--set", classes, "--weights", pt);
        assertThat(oldHead.exitCode).isEqualTo(6);
        assertThat(oldHead.err)
                .contains("fc.weight F32[7, 16] instead of F32[5, 16]")
                .endsWith("or train a new head (--new-head)\n");

        Path tuned = folder.resolve("tuned");
        Result first = train(tuned, "--set", classes, "--weights", pt, "--new-head", "--stop-after", "2");
        assertThat(first.exitCode).as(first.err).isZero();
        assertThat(Files.readString(tuned.resolve("recipe.yaml")))
                .contains("weights: \"" + Weights.read(pt).without("fc").id() + "\"\n  new-head: true\n");
        // The recipe says it all: no option is needed to resume.
        assertThat(run("train", tuned.resolve("recipe.yaml"), "--out", tuned).exitCode)
                .isZero();
        assertThat(run("eval", tuned).exitCode).isZero();

        Path other = folder.resolve("other-seed");
        train(other, "--set", "seed=2", "--stop-after", "0");
        Object[] sweep = {"tune", recipe, "--set", classes, "--from", "0.01", "--to", "0.01", "--steps", "6"};
        Object[] start = {"--weights", other.resolve("checkpoints/step-00000000.safetensors"), "--new-head"};
        Result tune = run(Stream.of(sweep, start).flatMap(Stream::of).toArray());
        assertThat(tune.err).startsWith("learning rate 0.01000 ").isNotEqualTo(run(sweep).err);

        Result headless = train(folder.resolve("headless"), "--new-head");
        assertThat(headless.exitCode).isEqualTo(2);
        assertThat(headless.err)
                .contains("a new head needs weights for the other layers")
                .contains("(--weights)");
    }

    @Test
    void train_resumedWithoutTheWeightsItStartedFrom_isRefused() {
        Path out = folder.resolve("refused");
        train(out, "--weights", run.resolve("checkpoints").resolve("step-00000004.safetensors"), "--stop-after", "2");
        Result result = train(out);
        assertThat(result.exitCode).isEqualTo(6);
        assertThat(result.err).contains("checkpoint is of another recipe: model.weights = none (\"sha256:");
    }

    @Test
    void train_fromARecipeThatNamesWeights_needsTheirFile() throws IOException {
        Path out = folder.resolve("nofile");
        String other = "sha256:" + "ab".repeat(32);
        Result without = train(out, "--set", "model.weights=\"" + other + "\"");
        assertThat(without.exitCode).isEqualTo(2);
        assertThat(without.err)
                .contains("training would not start from the weights that the recipe names, model.weights = " + other
                        + ", give their weights file (--weights)");
        Result wrong = train(out, "--set", "model.weights=\"" + other + "\"", "--weights", checkpoint);
        assertThat(wrong.exitCode).isEqualTo(2);
        assertThat(wrong.err).contains("the recipe starts from other weights: model.weights = " + other);
        Result misspelled = train(out, "--set", "model.weights=resnet8.pt");
        assertThat(misspelled.exitCode).isEqualTo(2);
        assertThat(misspelled.err)
                .contains("model.weights = resnet8.pt")
                .contains("training from a weights file (--weights) sets it");
    }
}
