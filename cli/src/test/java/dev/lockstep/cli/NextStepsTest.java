package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class NextStepsTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    private Path run(String name) throws IOException {
        Path run = Files.createDirectories(folder.resolve("runs").resolve(name));
        Files.writeString(
                run.resolve("recipe.yaml"),
                "{name: x, epochs: 3, workers: 1, data: {dataset: 'synthetic:images=100'}, model: {name: resnet8}}");
        Files.writeString(
                run.resolve("metrics.jsonl"),
                "{\"type\":\"step\",\"step\":7,\"epoch\":0,\"learning_rate\":0.1,\"loss\":2.0,\"train_top1_error\":0.5,"
                        + "\"images_per_second\":1,\"step_seconds\":0.1,\"data_wait_seconds\":0,"
                        + "\"exposed_communication_seconds\":0,\"noise_scale\":null}\n");
        return run;
    }

    @Test
    void withoutRuns_itBeginsAtTheBeginning() {
        assertThat(NextSteps.text(folder.resolve("runs"), Instant.now(), 80))
                .contains("lockstep doctor", "lockstep train RECIPE --watch", "lockstep --help")
                .doesNotContain("lockstep runs");
    }

    @Test
    void runThatHasStopped_isResumed() throws IOException {
        run("one");
        assertThat(NextSteps.text(folder.resolve("runs"), Instant.now().plusSeconds(1000), 80))
                .contains("Your last run, one: no sign of life at step 7.", "one/recipe.yaml --out ", "resumes it")
                .contains("lockstep watch ");
    }

    @Test
    void narrowTerminal_hasExplanationsBelowTheCommands() throws IOException {
        run("one");
        assertThat(NextSteps.text(folder.resolve("none"), Instant.now(), 60).lines())
                .allMatch(line -> line.length() < 60)
                .contains("      shows what a run would do, before it starts");
    }

    @Test
    void bareCommand_succeeds() {
        CapturedRun bare = CapturedRun.of(() -> Main.execute());
        assertThat(bare.exitCode()).isZero();
        assertThat(bare.out()).contains("lockstep --help");
    }
}
