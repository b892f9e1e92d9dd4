package dev.lockstep.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.cli.CapturedRun;
import dev.lockstep.cli.Main;
import dev.lockstep.metrics.Event;
import dev.lockstep.metrics.JsonLinesSink;
import dev.lockstep.metrics.RunListener;
import dev.lockstep.metrics.StepMetrics;
import dev.lockstep.text.Json;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands that look at run folders from outside. */
final class RunsCommandTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    /** @param odd the step whose loss is another */
    private Path run(String name, int seed, int odd) throws IOException {
        Path run = Files.createDirectories(folder.resolve(name));
        Files.writeString(
                run.resolve("recipe.yaml"),
                "{name: x, epochs: 3, workers: 2, seed: " + seed
                        + ", data: {dataset: 'synthetic:images=128'}, model: {name: resnet8}}");
        try (RunListener sink = JsonLinesSink.open(run.resolve("metrics.jsonl"), 0, notice -> {})) {
            for (int i = 1; i <= 5; i++) {
                double loss = i == odd ? 7 : 2;
                sink.on(new Event.Step(new StepMetrics(i, 0, 0.1, loss, 0.5, 640, 0.1, 0, 0, Double.NaN)));
            }
        }
        return run;
    }

    private static void checkpoint(Path run, float last) throws IOException {
        byte[] header =
                ("{\"__metadata__\":{\"a\":\"b\"},\"conv.weight\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                                + "\"fc.weight\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}")
                        .getBytes(StandardCharsets.US_ASCII);
        ByteBuffer file = ByteBuffer.allocate(8 + header.length + 8).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(header.length).put(header).putFloat(1).putFloat(last);
        Path checkpoints = Files.createDirectories(run.resolve("checkpoints"));
        Files.write(checkpoints.resolve("step-00000004.safetensors"), file.array());
    }

    private static CapturedRun lockstep(String... arguments) {
        return CapturedRun.of(() -> Main.execute(arguments));
    }

    @Test
    void runs_areListedAsTableJsonAndCsv() throws IOException {
        run("one", 1, 0);
        run("two", 1, 0);
        String table = lockstep("runs", folder.toString()).out();
        assertThat(table.lines()).hasSize(3);
        assertThat(table).containsPattern("(?m)^one +running +5 +– +64 +2 ");
        JsonNode json = Json.MAPPER.readTree(
                lockstep("runs", folder.toString(), "--json").out());
        assertThat(json.path("runs").findValuesAsText("name")).containsExactlyInAnyOrder("one", "two");
        assertThat(json.path("runs").path(0).path("minibatch").asInt()).isEqualTo(64);
        assertThat(lockstep("runs", folder.toString(), "--csv")
                        .out()
                        .lines()
                        .findFirst()
                        .orElse(""))
                .startsWith("name,folder,state,recipe,minibatch");
    }

    @Test
    void diff_namesTheKeyTheStepAndTheTensor() throws IOException {
        Path one = run("one", 1, 0);
        Path other = run("other", 2, 3);
        checkpoint(one, 2);
        checkpoint(other, 3);
        CapturedRun diff = lockstep("diff", one.toString(), other.toString());
        assertThat(diff.out())
                .isEqualTo(
                        "seed = 1 (2)\nThe two runs part at step 3: loss = 2.0 and 7.0. In their checkpoints of step 4"
                                + " the first tensor that differs is fc.weight.\n");
        checkpoint(other, 2);
        assertThat(lockstep("diff", one.toString(), run("same", 1, 0).toString())
                        .out())
                .contains("the same losses and errors, to the last bit, in all 5 steps");
        assertThat(lockstep("diff", one.toString(), folder.toString()).exitCode())
                .isEqualTo(2);
    }

    @Test
    void completion_isAScriptThatBashAccepts() throws IOException, InterruptedException {
        String script = lockstep("completion").out();
        assertThat(script).contains("complete -F", "lockstep", "--elastic", "bashcompinit");
        Path file = Files.writeString(folder.resolve("completion"), script);
        Process bash = new ProcessBuilder(
                        "bash",
                        "-c",
                        "source '" + file
                                + "'; COMP_WORDS=(lockstep tr); COMP_CWORD=1; _complete_lockstep; echo \"${COMPREPLY[@]}\"")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertThat(bash.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip())
                .isEqualTo("train");
    }

    @Test
    void watch_withoutSuchAFolder_saysSo() {
        CapturedRun run = lockstep("watch", folder.resolve("nothing").toString());
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).startsWith("error: no such folder, RUNS = ");
    }
}
