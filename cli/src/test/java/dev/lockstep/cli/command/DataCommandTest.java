package dev.lockstep.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.cli.Main;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DataCommandTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private record Result(int exitCode, String out, String err) {}

    @Test
    void order_oneIteration_printsOneLinePerWorker() throws IOException {
        Result result = run("data", "order", recipe(), "--epoch", "1", "--iteration", "2");

        assertThat(result.exitCode).isZero();
        List<String> lines = result.out.lines().toList();
        assertThat(lines).hasSize(3);
        assertThat(lines.get(1)).matches("\\{\"epoch\":1,\"iteration\":2,\"worker\":1,\"samples\":\\[\\d+(,\\d+){3}]}");
    }

    @Test
    void order_wholeEpoch_usesEverySampleOnceButTheDropped() throws IOException {
        Result result = run("data", "order", recipe(), "--epoch", "0");

        List<Integer> samples = new ArrayList<>();
        for (String line : result.out.lines().toList()) {
            JSON.readTree(line).get("samples").forEach(sample -> samples.add(sample.asInt()));
        }
        assertThat(samples).hasSize(48).doesNotHaveDuplicates().allMatch(sample -> sample >= 0 && sample < 50);
        assertThat(result.err).contains("50 images, 4 iterations of 12, 2 images dropped");
    }

    @Test
    void order_outOfRange_isAUsageError() throws IOException {
        Result epoch = run("data", "order", recipe(), "--epoch", "2");
        assertThat(epoch.exitCode).isEqualTo(2);
        assertThat(epoch.err).isEqualTo("error: --epoch = 2, must be between 0 and 1\n");
        Result iteration = run("data", "order", recipe(), "--iteration", "4");
        assertThat(iteration.exitCode).isEqualTo(2);
        assertThat(iteration.err).isEqualTo("error: --iteration = 4, must be between 0 and 3\n");
    }

    @Test
    void order_minibatchLargerThanDataset_isARecipeError() throws IOException {
        Result result = run("data", "order", recipe(), "--set", "workers=13");
        assertThat(result.exitCode).isEqualTo(2);
        assertThat(result.err).contains("minibatch = 52").contains("use workers ≤ 12");
    }

    @Test
    void list_json_holdsTheSpecs() throws IOException {
        Result result = run("data", "list", "--json");
        JsonNode first = JSON.readTree(result.out).get(0);
        assertThat(first.get("name").asText()).isEqualTo("fashion-mnist");
        assertThat(first.get("training_images").asInt()).isEqualTo(60_000);
        assertThat(run("data", "list").out).contains("cifar100").contains("1×28×28");
    }

    @Test
    void fetch_folderWithoutFiles_isADataError() {
        Result result = run("data", "fetch", "mnist", "--data", folder.toString());
        assertThat(result.exitCode).isEqualTo(3);
        assertThat(result.err).startsWith("error: dataset files are missing").hasLineCount(1);
    }

    @Test
    void fetch_synthetic_needsNoFiles() {
        assertThat(run("data", "fetch", "synthetic")).isEqualTo(new Result(0, "synthetic needs no files\n", ""));
    }

    @Test
    void fetch_json_isOneDocument() throws IOException {
        JsonNode json = JSON.readTree(run("data", "fetch", "synthetic", "--json").out);
        assertThat(json.get("name").asText()).isEqualTo("synthetic");
        assertThat(json.has("folder")).isFalse();
    }

    @Test
    void inspect_writesSheetAndJson() throws IOException {
        Path sheet = folder.resolve("sheet.png");
        Result result = run(
                "data",
                "inspect",
                recipe(),
                "--json",
                "--all",
                "--sheet",
                sheet.toString(),
                "--rows",
                "2",
                "--epochs",
                "1");

        assertThat(result.exitCode).isZero();
        JsonNode json = JSON.readTree(result.out);
        assertThat(json.get("training").get("images").asInt()).isEqualTo(50);
        assertThat(json.get("training").get("decoded").asInt()).isEqualTo(50);
        assertThat(json.get("fingerprint").asText()).hasSize(64);
        assertThat(json.get("class_names")).hasSize(10);
        assertThat(json.get("validation").get("per_class")).hasSize(10);
        int images = 0;
        for (JsonNode count : json.get("training").get("per_class")) {
            images += count.asInt();
        }
        assertThat(images).isEqualTo(50);
        assertThat(javax.imageio.ImageIO.read(sheet.toFile()).getWidth()).isEqualTo(2 * 100 + 4);
        assertThat(run("data", "inspect", recipe(), "--check", "20").out)
                .contains("training: 50 images")
                .contains("checked 20 of 50, bad 0");
    }

    @Test
    void inspect_printsConstants_thatTheRecipeTakes() throws IOException {
        String out = run("data", "inspect", recipe(), "--all").out;
        Matcher printed = Pattern.compile("--set '(data\\.mean=\\[.*\\])' --set '(data\\.std=\\[.*\\])'")
                .matcher(out);
        assertThat(printed.find()).as(out).isTrue();
        Result again = run(
                "data", "inspect", recipe(), "--all", "--json", "--set", printed.group(1), "--set", printed.group(2));
        assertThat(again.exitCode).as(again.err).isZero();
        String mean = JSON.readTree(again.out)
                .get("training")
                .get("mean")
                .get(0)
                .asText()
                .substring(0, 5);
        assertThat(printed.group(1)).contains(mean);
    }

    @Test
    void inspect_sheetTooLarge_isAUsageError() throws IOException {
        Result result = run(
                "data", "inspect", recipe(), "--sheet", folder.resolve("s.png").toString(), "--epochs", "100000000");
        assertThat(result.exitCode).isEqualTo(2);
        assertThat(result.err)
                .startsWith("error: contact sheet would be too large")
                .hasLineCount(1);
        assertThat(result.out).isEmpty();
    }

    @Test
    void inspectAndPack_badImage_isFoundAndSkipped() throws IOException {
        byte[] png = smallPng();
        for (String file : List.of("train/ant/a.png", "train/bee/b.png", "val/ant/c.png", "val/bee/d.png")) {
            Files.createDirectories(folder.resolve(file).getParent());
            Files.write(folder.resolve(file), png);
        }
        Files.write(folder.resolve("train/ant/bad.jpg"), new byte[5]);
        String[] inspect = {
            "data", "inspect", recipe(), "--data", folder.toString(), "--set", "data.dataset=imagefolder"
        };
        Result inspected = run(inspect);
        assertThat(inspected.exitCode).isEqualTo(3);
        assertThat(inspected.out).contains("bad 1").contains("train/ant/bad.jpg");
        Path sheet = folder.resolve("sheet.png");
        String[] drawing = Stream.concat(Stream.of(inspect), Stream.of("--check", "1", "--sheet", sheet.toString()))
                .toArray(String[]::new);
        Result drawn = run(drawing);
        assertThat(drawn.exitCode).isEqualTo(3);
        assertThat(drawn.out).contains("checked 1 of 3, bad 1").contains("train/ant/bad.jpg");
        assertThat(javax.imageio.ImageIO.read(sheet.toFile()).getHeight()).isEqualTo(3 * (224 + 4) + 4);

        Path out = folder.resolve("shards");
        Result failed = run("data", "pack", folder.toString(), "--out", out.toString());
        assertThat(failed.exitCode).isEqualTo(3);
        assertThat(failed.err)
                .contains("error: not a JPEG, PNG, WebP, BMP, GIF or TIFF file")
                .contains("bad.jpg");
        Result packed = run(
                "data", "pack", folder.toString(), "--out", folder.resolve("s").toString(), "--skip-bad-images");
        assertThat(packed.exitCode).isZero();
        assertThat(packed.out).startsWith("4 images in 2 shards, 1 skipped");
        JsonNode json = JSON.readTree(
                run("data", "pack", folder.toString(), "--out", out.toString(), "--skip-bad-images", "--json").out);
        assertThat(json.get("folder").asText()).isEqualTo(out.toString());
        assertThat(json.get("images").asInt()).isEqualTo(4);
        assertThat(json.get("shards").asInt()).isEqualTo(2);
        assertThat(json.get("left_out")).hasSize(1);
        String[] raw = {
            "data", "pack", folder.toString(), "--out", folder.resolve("r").toString(), "--skip-bad-images", "--raw"
        };
        assertThat(run(raw).err).contains("short-side = 0");
        Result pixels = run(
                Stream.concat(Stream.of(raw), Stream.of("--short-side", "16")).toArray(String[]::new));
        assertThat(pixels.out).startsWith("4 images in 2 shards, 1 skipped");
        assertThat(folder.resolve("r/train-000000.raw")).exists();
    }

    /** Names come from other people's archives and must have no effect on a terminal. */
    @Test
    void inspect_classNamesWithControlCharacters_areEscaped() throws IOException {
        for (String set : List.of("train", "val")) {
            Path file = folder.resolve(set + "/\u001b[2Jant\u202e/a.png");
            Files.createDirectories(file.getParent());
            Files.write(file, smallPng());
        }
        String sheet = folder.resolve("sheet.png").toString();
        Result result = run(
                "data",
                "inspect",
                recipe(),
                "--data",
                folder.toString(),
                "--set",
                "data.dataset=imagefolder",
                "--sheet",
                sheet);
        assertThat(result.exitCode).isZero();
        assertThat(result.out + result.err)
                .doesNotContain("\u001b", "\u202e")
                .contains("fewest \\x1b[2Jant\\u202e", "rows: 0 \\x1b[2Jant\\u202e");
    }

    private static byte[] smallPng() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        java.awt.image.BufferedImage image =
                new java.awt.image.BufferedImage(20, 20, java.awt.image.BufferedImage.TYPE_INT_RGB);
        javax.imageio.ImageIO.write(image, "png", out);
        return out.toByteArray();
    }

    private String recipe() throws IOException {
        return Files.writeString(folder.resolve("recipe.yaml"), """
                        name: test
                        epochs: 2
                        workers: 3
                        images-per-worker: 4
                        data:
                          dataset: synthetic:images=50
                        model:
                          name: resnet8
                        """).toString();
    }

    private static Result run(String... arguments) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream capturedOut = new ByteArrayOutputStream();
        ByteArrayOutputStream capturedErr = new ByteArrayOutputStream();
        try {
            System.setOut(new PrintStream(capturedOut, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(capturedErr, true, StandardCharsets.UTF_8));
            int exitCode = Main.execute(arguments);
            return new Result(
                    exitCode,
                    capturedOut.toString(StandardCharsets.UTF_8),
                    capturedErr.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }
}
