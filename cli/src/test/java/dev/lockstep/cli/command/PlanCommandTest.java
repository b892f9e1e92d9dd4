package dev.lockstep.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.cli.CapturedRun;
import dev.lockstep.cli.Main;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PlanCommandTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String PAPER_8K = "../recipes/imagenet-resnet50-8k.yaml";
    private static final String PHOTOGRAPHS = "../recipes/photographs.yaml";
    private static final String FASHION = "../recipes/fashion-mnist.yaml";

    @Test
    void plan_paper8k_saysWhatThePaperSays() {
        CapturedRun result = plan(PAPER_8K, "--procs", "32", "--lanes", "1");

        assertThat(result.exitCode()).isZero();
        assertThat(result.err()).isEmpty();
        assertThat(result.out())
                .contains("kn = 256 workers × 32 images = 8,192 images, 32 × the reference minibatch of 256")
                .contains("η̂ = 3.2 from η = 0.1, scaling linear")
                .contains("90 epochs × 156 iterations = 14,040 iterations")
                .contains("gradual, 5 epochs = 780 iterations, + 0.003974 in each")
                .containsPattern("\n +2 +312 +1.34\n")
                .containsPattern("\n +60 +9,360 +0.032\n")
                .contains("32 processes × 1 lane, 8 workers each: bit for bit the weights of one process")
                .contains("rank 31: workers 248–255")
                .contains("25,557,032 parameters")
                .contains("198 MB out of and into every process per step")
                .contains("no warnings");
    }

    @Test
    void plan_paper8k_drawsTheRampOfTheWarmup() {
        List<String> plot = plan(PAPER_8K)
                .out()
                .lines()
                .filter(line -> line.contains("│") && !line.contains("run"))
                .map(line -> line.substring(line.indexOf('│') + 1))
                .toList();

        assertThat(plot).hasSize(6).allMatch(line -> line.length() == 60);
        int[] heights = new int[60];
        for (String line : plot) {
            for (int column = 0; column < 60; column++) {
                heights[column] += " ▁▂▃▄▅▆▇█".indexOf(line.charAt(column));
            }
        }
        assertThat(heights).isSorted();
        assertThat(heights[0]).isBetween(1, 2);
        assertThat(heights[25]).isBetween(23, 27);
        assertThat(heights[59]).isEqualTo(48);
    }

    @Test
    void plan_json_isOneDocumentWithEveryNumber() throws IOException {
        CapturedRun result = plan(PAPER_8K, "--procs", "64", "--lanes", "2", "--json");

        JsonNode json = JSON.readTree(result.out());
        assertThat(result.exitCode()).isZero();
        assertThat(json.get("minibatch").asInt()).isEqualTo(8192);
        assertThat(json.get("scaling_factor").asDouble()).isEqualTo(32);
        assertThat(json.get("learning_rate").asDouble()).isEqualTo(3.2);
        assertThat(json.get("iterations").asInt()).isEqualTo(14_040);
        assertThat(json.get("dropped_images_per_epoch").asInt()).isEqualTo(3215);
        assertThat(json.at("/warmup/iterations").asInt()).isEqualTo(780);
        assertThat(json.at("/warmup/table/5/learning_rate").asDouble()).isEqualTo(3.2);
        assertThat(json.at("/decays/2/iteration").asInt()).isEqualTo(12_480);
        assertThat(json.get("processes")).hasSize(64);
        assertThat(json.at("/processes/63/last_worker").asInt()).isEqualTo(255);
        assertThat(json.at("/network/parameters").asLong()).isEqualTo(25_557_032);
        assertThat(json.at("/memory_bytes_per_process/optimizer_state").asLong())
                .isEqualTo(4 * 25_557_032L);
        assertThat(json.at("/traffic/contribution_bytes").asLong()).isEqualTo(4 * (25_557_032L + 53_120 + 16));
        assertThat(json.get("findings")).isEmpty();
    }

    @Test
    void plan_warning_isShownWithItsMendAndSection() {
        CapturedRun result = plan(PAPER_8K, "--set", "learning-rate.warmup.kind=none");

        assertThat(result.exitCode()).isZero();
        assertThat(result.out().replaceAll("\\s+", " "))
                .contains("Checks 1 warning warning [no-warmup] learning-rate.warmup.kind = none, epochs = 5: training"
                        + " starts at 32 × the reference rate; use learning-rate.warmup.kind = gradual with epochs = 5"
                        + " (paper, section 2.2, Table 1).");
    }

    @Test
    void plan_strict_failsOnAWarningAfterThePlan() {
        CapturedRun result = plan(PAPER_8K, "--strict", "--set", "learning-rate.warmup.kind=none");

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.out()).contains("1 warning");
        assertThat(result.err())
                .startsWith("error: strict mode (--strict): 1 check fails: no-warmup, ")
                .hasLineCount(1);
    }

    @Test
    void plan_strictAndSuppressed_passesAndShowsTheReason() throws IOException {
        CapturedRun result = plan(
                PAPER_8K,
                "--strict",
                "--json",
                "--set",
                "learning-rate.warmup.kind=none",
                "--set",
                "suppress.no-warmup=on purpose, a=b");

        assertThat(result.exitCode()).isZero();
        JsonNode finding = JSON.readTree(result.out()).get("findings").get(0);
        assertThat(finding.get("code").asText()).isEqualTo("no-warmup");
        assertThat(finding.get("suppressed").asText()).isEqualTo("on purpose, a=b");
    }

    @Test
    void plan_datasetSize_replacesTheCatalogs() throws IOException {
        JsonNode json =
                JSON.readTree(plan(FASHION, "--dataset-size", "1000", "--json").out());

        assertThat(json.get("iterations_per_epoch").asInt()).isEqualTo(3);
        assertThat(json.at("/findings/0/code").asText()).isEqualTo("epoch-iterations");
    }

    @Test
    void plan_folderOfImagesThatNobodyRead_saysThatClassesAreAssumed() throws IOException {
        String[] folder = {PHOTOGRAPHS, "--set", "data.dataset=imagefolder", "--dataset-size", "5000"};
        assertThat(plan(folder).out())
                .contains("classes unknown, 1,000 assumed")
                .contains("--data DIR counts the class folders");
        JsonNode json = JSON.readTree(plan(with(folder, "--json")).out());
        assertThat(json.get("classes").asInt()).isEqualTo(1000);
        assertThat(json.get("classes_assumed").asBoolean()).isTrue();
    }

    @Test
    void plan_folderOfImages_countsItsClassesAndImages(@TempDir Path folder) throws IOException {
        for (String set : List.of("train", "val")) {
            for (String name : List.of("cats", "dogs", "owls")) {
                Path images = Files.createDirectories(folder.resolve(set).resolve(name));
                for (int i = 0; i < 100; i++) {
                    Files.write(images.resolve(i + ".jpg"), new byte[] {1});
                }
            }
        }
        String[] counted = {PHOTOGRAPHS, "--set", "data.dataset=imagefolder", "--data", folder.toString()};
        String[] imagenet = {PHOTOGRAPHS, "--set", "data.dataset=imagenet", "--data", folder.toString()};
        assertThat(plan(imagenet).err()).startsWith("error: wrong number of classes, dataset = imagenet, classes = 3,");
        assertThat(plan(counted).out()).contains("300 training images of 3×").contains(", 3 classes\n");
        JsonNode json = JSON.readTree(plan(with(counted, "--json")).out());
        assertThat(json.get("classes").asInt()).isEqualTo(3);
        assertThat(json.get("classes_assumed").asBoolean()).isFalse();
        assertThat(json.get("training_images").asInt()).isEqualTo(300);
        JsonNode larger = JSON.readTree(
                plan(with(counted, "--json", "--dataset-size", "9000")).out());
        assertThat(larger.get("training_images").asInt()).isEqualTo(9000);
        assertThat(larger.get("classes").asInt()).isEqualTo(3);
    }

    @Test
    void plan_folderOfImagesOfUnknownSize_saysHowToTellIt() {
        CapturedRun result = plan(PHOTOGRAPHS, "--set", "data.dataset=imagefolder");

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.err())
                .startsWith("error: data.dataset = imagefolder: its size is unknown until its files are read, ")
                .contains("--data")
                .contains("--dataset-size")
                .hasLineCount(1);
    }

    private static String[] with(String[] options, String... more) {
        List<String> all = new ArrayList<>(Arrays.asList(options));
        all.addAll(Arrays.asList(more));
        return all.toArray(String[]::new);
    }

    @Test
    void plan_syntheticData_takesItsSizesFromItsName() throws IOException {
        JsonNode json = JSON.readTree(
                plan(FASHION, "--json", "--set", "data.dataset=synthetic:images=5120,shape=3x16x16,classes=7")
                        .out());

        assertThat(json.get("iterations_per_epoch").asInt()).isEqualTo(20);
        assertThat(json.at("/network/parameters").asLong()).isEqualTo(75_002 + 2 * 9 * 16 - 3 * 65);
    }

    @Test
    void plan_processesThatDoNotDivide_showsTheRangeOfEach() {
        CapturedRun result = plan(FASHION, "--procs", "3");

        assertThat(result.out())
                .contains(
                        "2–3 workers each: bit for bit the weights of one process",
                        "rank 0: workers 0–2",
                        "rank 1: workers 3–5",
                        "rank 2: workers 6–7");
    }

    @Test
    void plan_badInput_isOneLineAndExitCode2() {
        assertFails("error: procs = 9 is larger than workers = 8", FASHION, "--procs", "9");
        assertFails("error: --procs = 0, must be at least 1", FASHION, "--procs", "0");
        assertFails("error: lanes = 0, use at least one lane (--lanes)", FASHION, "--lanes", "0");
        assertFails("error: --dataset-size = 0, must be at least 1", FASHION, "--dataset-size", "0");
        assertFails("error: minibatch = 256 images is larger than the dataset", FASHION, "--dataset-size", "255");
        assertFails("error: unknown data.dataset = no", FASHION, "--set", "data.dataset=no");
        assertFails(
                "error: model.name = resnet21, no such network, did you mean 'resnet20'?",
                FASHION,
                "--set",
                "model.name=resnet21");
        assertFails(
                "error: model.frozen names no layer: layr1, model.name = resnet8, did you mean 'layer1'?",
                FASHION,
                "--set",
                "model.frozen=[layr1]");
        assertFails(
                "error: learning-rate.factors names no layer: fcc, model.name = resnet8, did you mean 'fc'?",
                FASHION,
                "--set",
                "learning-rate.factors.fcc=10");
        assertFails("error: suppress.x is not a check", FASHION, "--set", "suppress.x=y");
        assertFails("error: unknown key 'wrokers', --set wrokers=1", FASHION, "--set", "wrokers=1");
        assertFails("error: no such recipe, file = none.yaml", "none.yaml");
        assertFails("error: unknown option '--nope'", FASHION, "--nope");
    }

    private static void assertFails(String error, String... arguments) {
        CapturedRun result = plan(arguments);

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).startsWith(error).hasLineCount(1);
    }

    /** A class of JavaCPP loaded by accident would pull in hundreds of megabytes of native code. */
    @Test
    void plan_ownJvm_loadsNoClassOfTheNativeBindings(@TempDir Path folder) throws Exception {
        Path log = folder.resolve("classes.txt");
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xlog:class+load:file=" + log,
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "plan",
                PAPER_8K);
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("out.txt").toFile())
                .start();

        assertThat(process.waitFor()).isZero();
        List<String> loaded = Files.readAllLines(log);
        assertThat(loaded).anyMatch(line -> line.contains("dev.lockstep.cli.command.PlanCommand "));
        assertThat(loaded)
                .noneMatch(line -> line.contains("org.bytedeco") || line.contains("logback"))
                .noneMatch(line -> line.contains("dev.lockstep.torch") || line.contains("dev.lockstep.train"));
    }

    private static CapturedRun plan(String... arguments) {
        List<String> all = new ArrayList<>(List.of("plan"));
        all.addAll(Arrays.asList(arguments));
        return CapturedRun.of(all.toArray(String[]::new));
    }
}
