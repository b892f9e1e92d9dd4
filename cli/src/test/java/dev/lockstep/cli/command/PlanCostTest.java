package dev.lockstep.cli.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.cli.CapturedRun;
import dev.lockstep.metrics.Event;
import dev.lockstep.metrics.JsonLinesSink;
import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.metrics.StepMetrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The predictions of {@code lockstep plan}. */
@Tag("slow")
final class PlanCostTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String PAPER_8K = "../recipes/imagenet-resnet50-8k.yaml";
    private static final String FASHION = "../recipes/fashion-mnist.yaml";
    /** 8 GPUs a server, 256 images in 0.232 s, 50 Gbit/s. */
    private static final String[] PAPER = {
        "--procs", "32", "--lanes", "8", "--images-per-second", "1103.4", "--bandwidth", "50Gbit", "--latency", "20us"
    };

    @TempDir
    Path run;

    @Test
    void plan_paperHardware_answersWithThePapersHour() {
        CapturedRun result = plan(PAPER_8K, with(PAPER, "--target", "1h"));

        assertThat(result.exitCode()).isZero();
        assertThat(result.out())
                .containsPattern("\n +256 +8,192 +255 ms .* 59 min 45 s\n")
                .containsPattern("\n +8 +256 +232 ms .* 1 d 5 h\n")
                .contains("90 % efficiency ends at 256 workers, 8,192 images")
                .contains("training within 1 h 0 min takes 256 workers in 32 processes, 8,192 images: 59 min 45 s")
                .containsPattern(" 16,384\\* ")
                .contains("the loader of each process must deliver 1100 images/s, 166 MB/s of pixels")
                .contains("* beyond 8,192 images the linear rule is not known to hold");
    }

    @Test
    void plan_cardMemory_saysHowManyLanesFit() throws IOException {
        assertThat(plan(PAPER_8K, with(PAPER, "--card-memory", "16GiB")).out())
                .containsPattern("\nCard +16.0 GiB hold [2-5] lanes in float32, 15 % left to libtorch\n");
        assertThat(plan(PAPER_8K, with(PAPER, "--card-memory", "1GB")).out()).contains("do not hold one lane");
        JsonNode card = JSON.readTree(plan(PAPER_8K, with(PAPER, "--card-memory", "80GiB", "--json"))
                        .out())
                .at("/card");
        assertThat(card.get("bytes").asLong()).isEqualTo(80L << 30);
        assertThat(card.get("lanes").asInt()).isEqualTo(8);
        assertThat(plan(PAPER_8K, with(PAPER, "--card-memory", "80")).err())
                .isEqualTo("error: --card-memory = 80, not a size of memory, write, for example, 80GiB or 141GB\n");
    }

    @Test
    void plan_paperHardwareAsJson_holdsEveryK() throws IOException {
        JsonNode cost =
                JSON.readTree(plan(PAPER_8K, with(PAPER, "--json")).out()).at("/cost/cluster");

        assertThat(cost.get("predictions")).hasSize(17);
        JsonNode at256 = cost.get("predictions").get(8);
        assertThat(at256.get("workers").asInt()).isEqualTo(256);
        assertThat(at256.get("processes").asInt()).isEqualTo(32);
        assertThat(at256.get("iteration_seconds").asDouble()).isCloseTo(0.256, within(0.002));
        assertThat(at256.get("efficiency").asDouble()).isCloseTo(0.9, within(0.02));
        assertThat(at256.get("beyond_safe_minibatch").asBoolean()).isFalse();
        assertThat(cost.at("/predictions/16/training_seconds").isNull())
                .as("a minibatch larger than the dataset")
                .isTrue();
        assertThat(cost.get("ninety_percent_workers").asInt()).isEqualTo(256);
    }

    @Test
    void plan_targetOutOfReach_saysSo() throws IOException {
        assertThat(plan(PAPER_8K, with(PAPER, "--target", "1s")).out())
                .contains("training within 1 s is out of reach for any number of workers");
        JsonNode target = JSON.readTree(
                        plan(PAPER_8K, with(PAPER, "--target", "1s", "--json")).out())
                .at("/cost/cluster/target");
        assertThat(target.has("reached_by")).isFalse();
        assertThat(target.get("seconds").asInt()).isEqualTo(1);
    }

    @Test
    void plan_measuredRun_predictsOtherNumbersOfProcesses() throws IOException {
        writeRun(1, 40);

        JsonNode local = JSON.readTree(
                        plan(FASHION, "--measured", run.toString(), "--json").out())
                .at("/cost/local");

        assertThat(local.get("measured_step_seconds").asDouble()).isCloseTo(0.4, within(1e-9));
        assertThat(local.get("predictions")).hasSize(3);
        assertThat(local.at("/predictions/0/images_per_second").asDouble())
                .isCloseTo(expectedSpeed(1), Percentage.withPercentage(1));
        assertThat(local.at("/predictions/1/images_per_second").asDouble())
                .isCloseTo(expectedSpeed(2), Percentage.withPercentage(2));
        assertThat(local.at("/predictions/2/processes").asInt()).isEqualTo(4);
        assertThat(plan(FASHION, "--measured", run.toString()).out())
                .contains("1 process × 1 lane: 640 images/s, 400 ms per step");
    }

    /** The run had one lane; whatever cores there are more, up to a thread for each of 8 workers, make it faster. */
    private static double expectedSpeed(int processes) {
        int cores = Runtime.getRuntime().availableProcessors();
        int lanes = Math.min(Math.max(1, cores / processes), 8 / processes);
        double rounds = Math.ceil(8.0 / processes / lanes);
        return 640 * 8 / rounds / Math.max(1, (double) processes * lanes / cores);
    }

    @Test
    void plan_measuredRunAndNetwork_predictsTheClusterFromIt() throws IOException {
        writeRun(1, 40);

        JsonNode cluster = JSON.readTree(plan(FASHION, "--measured", run.toString(), "--latency", "1ms", "--json")
                        .out())
                .at("/cost/cluster");

        assertThat(cluster.get("jitter").asDouble()).isZero();
        assertThat(cluster.get("latency_seconds").asDouble()).isEqualTo(1e-3);
        assertThat(cluster.at("/predictions/3/iteration_seconds").asDouble()).isCloseTo(0.4, within(1e-9));
    }

    @Test
    void plan_unsuitableRun_saysWhy() throws IOException {
        writeRun(2, 40);
        assertFails(2, "error: --measured = " + run + ", processes = 2, give a run of one process", measured());
        writeRun(1, 5);
        assertFails(2, "error: --measured = " + run + ", steps = 5 are too few to measure", measured());
        Files.writeString(
                run.resolve("recipe.yaml"), Files.readString(Path.of(FASHION)).replace("resnet8", "resnet20"));
        assertFails(
                2, "error: --measured = " + run + ", model.name = resnet20 there, resnet8 in this recipe", measured());
        Files.delete(run.resolve("result.json"));
        assertFails(3, "error: no readable result", measured());
    }

    @Test
    void plan_badNumbers_areUsageErrors() {
        assertFails(
                2,
                "error: --images-per-second = 0.0, must be at least 1.0E-6 and at most 1.0E12",
                "--images-per-second",
                "0");
        assertFails(2, "error: --jitter = 1.5, must be", "--images-per-second", "9", "--jitter", "1.5");
        assertFails(2, "error: --bandwidth = 9, not a bandwidth", "--images-per-second", "9", "--bandwidth", "9");
        assertFails(2, "error: --bandwidth, --latency, --jitter, --target and", "--target", "1h");
        assertFails(2, "error: --workers-per-process = 0", "--images-per-second", "9", "--workers-per-process", "0");
        assertFails(2, "error: model.name = mine", "--images-per-second", "9", "--set", "model.name=mine");
    }

    private String[] measured() {
        return new String[] {"--measured", run.toString()};
    }

    private static void assertFails(int exitCode, String error, String... options) {
        CapturedRun result = plan(FASHION, options);

        assertThat(result.err()).startsWith(error).hasLineCount(1);
        assertThat(result.exitCode()).isEqualTo(exitCode);
        assertThat(result.out()).isEmpty();
    }

    /** A run of 8 workers on one lane at 0.4 s a step, slower in its first fifth. */
    private void writeRun(int processes, int steps) throws IOException {
        Files.copy(Path.of(FASHION), run.resolve("recipe.yaml"), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        Files.writeString(run.resolve("result.json"), """
                {"weights_sha256":"","steps":%d,"epochs":0,"workers":8,"images_per_worker":32,"processes":%d,"lanes":1}
                """.formatted(steps, processes));
        try (JsonLinesSink sink = JsonLinesSink.open(run.resolve(MetricsFile.NAME), 0, notice -> {})) {
            for (int step = 1; step <= steps; step++) {
                double seconds = step <= steps / 5 ? 2.0 : 0.4;
                sink.on(new Event.Step(
                        new StepMetrics(step, 0, 0.1, 2, 0.5, 256 / seconds, seconds, 0, 0, Double.NaN)));
            }
        }
    }

    private static CapturedRun plan(String recipe, String... options) {
        List<String> all = new ArrayList<>(List.of("plan", recipe));
        all.addAll(Arrays.asList(options));
        return CapturedRun.of(all.toArray(String[]::new));
    }

    private static String[] with(String[] options, String... more) {
        List<String> all = new ArrayList<>(Arrays.asList(options));
        all.addAll(Arrays.asList(more));
        return all.toArray(String[]::new);
    }
}
