package dev.lockstep.run;

import static dev.lockstep.run.TrainingRuns.OPTIONS;
import static dev.lockstep.run.TrainingRuns.assertSame;
import static dev.lockstep.run.TrainingRuns.checkpoints;
import static dev.lockstep.run.TrainingRuns.left;
import static dev.lockstep.run.TrainingRuns.run;
import static dev.lockstep.run.TrainingRuns.training;
import static dev.lockstep.run.TrainingRuns.uninterrupted;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.metrics.Environment;
import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.run.TrainingRuns.Watching;
import dev.lockstep.train.TestRuns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrainingTest {
    @TempDir
    private Path temporary;

    @Test
    void run_leavesItsFolder() throws IOException {
        Recipe recipe = TestRuns.recipe();
        RunResult result = run(recipe, temporary, OPTIONS.withCheckpoints(3, 3));
        assertThat(result.status()).isEqualTo(RunResult.Status.COMPLETED);
        assertThat(result.steps()).isEqualTo(TestRuns.STEPS);
        assertThat(RunResult.read(temporary)).usingRecursiveComparison().isEqualTo(result);
        assertThat(Recipe.read(temporary.resolve("recipe.yaml")))
                .isEqualTo(recipe.with(Map.of("data.image-size", "8")));
        MetricsFile metrics = MetricsFile.read(temporary.resolve(MetricsFile.NAME));
        assertThat(metrics.steps()).hasSize(TestRuns.STEPS);
        assertThat(metrics.epochs()).hasSize(2);
        assertThat(checkpoints(temporary))
                .containsExactly("step-00000009.safetensors", "step-00000012.safetensors", "step-00000014.safetensors");
        Checkpoint last = Checkpoint.read(temporary.resolve("checkpoints/step-00000014.safetensors"));
        assertThat(last.tensors())
                .containsKeys(
                        "conv1.weight",
                        "layer3.0.bn2.running_var",
                        "bn1.num_batches_tracked",
                        "optimizer.momentum.fc.bias");
        assertThat(last.tensors().get("conv1.weight").shape()).containsExactly(4, 3, 3, 3);
        assertThat(List.of(last.step(), last.epoch(), last.iteration())).containsExactly(14L, 2L, 0L);
        Checkpoint within = Checkpoint.read(temporary.resolve("checkpoints/step-00000009.safetensors"));
        assertThat(List.of(within.step(), within.epoch(), within.iteration())).containsExactly(9L, 1L, 2L);
    }

    @Test
    void secondRun_inTheSameFolder_isRefusedWhileTheFirstGoesOn() throws IOException {
        Recipe recipe = TestRuns.recipe();
        List<Throwable> refused = new ArrayList<>();
        RunResult result = run(recipe, temporary, OPTIONS, step -> {
            if (step.step() == 3) {
                refused.add(catchThrowable(() -> run(recipe, temporary, OPTIONS)));
            }
        });
        assertThat(refused).hasSize(1);
        assertThat(refused.get(0)).isInstanceOf(LockstepException.class).hasMessageContaining("another run is writing");
        assertSame(left(result, temporary), uninterrupted(recipe));
    }

    @ParameterizedTest
    @CsvSource({
        "NVIDIA H100 (sm_90), the run began on NVIDIA H100 (sm_90) and continues on the CPU: devices round differently",
        "'', "
    })
    void checkpointOfAnotherDevice_isNoticed(String device, @Nullable String notice) throws IOException {
        Recipe recipe = TestRuns.recipe();
        Path first = temporary.resolve("first");
        run(recipe, first, OPTIONS.withStopAfter(3));
        Path file = first.resolve(Environment.NAME);
        Files.writeString(file, Files.readString(file).replaceFirst("\\}\\s*$", ",\"device\":\"" + device + "\"}"));
        Watching watching = new Watching(step -> {}, new ArrayList<>());
        training(recipe, OPTIONS.withStopAfter(4))
                .listener(watching)
                .resume(temporary.resolve("second"), first.resolve("checkpoints/step-00000003.safetensors"));
        assertThat(watching.notices().stream().filter(line -> line.contains("round")))
                .hasSize(notice == null ? 0 : 1)
                .allMatch(line -> line.startsWith(String.valueOf(notice)));
    }

    @Test
    void divergence_leavesTheCheckpointBeforeAndAResult() throws IOException {
        Recipe recipe = TestRuns.recipe("learning-rate.reference", "1e6", "learning-rate.warmup.kind", "none");
        assertThatThrownBy(() -> run(recipe, temporary, OPTIONS.withCheckpoints(1, 2)))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(5));
        assertThat(RunResult.read(temporary).status()).isEqualTo(RunResult.Status.DIVERGED);
        assertThat(checkpoints(temporary)).isNotEmpty();
    }
}
