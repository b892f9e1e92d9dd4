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

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.checkpoint.CheckpointDirectory;
import dev.lockstep.checkpoint.HostTensor;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.files.FaultyFileSystem;
import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.run.TrainingRuns.Watching;
import dev.lockstep.train.TestRuns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Damaged checkpoints, and a disk that is full. */
@Tag("slow")
class TrainingDamageTest {
    @TempDir
    private Path temporary;

    @Test
    void damagedNewest_isReportedAndTheOneBeforeUsed() throws IOException {
        Recipe recipe = TestRuns.recipe();
        run(recipe, temporary, OPTIONS.withCheckpoints(4, 2).withStopAfter(10));
        Path newest = temporary.resolve("checkpoints/step-00000010.safetensors");
        byte[] bytes = Files.readAllBytes(newest);
        Files.write(newest, Arrays.copyOf(bytes, bytes.length * 9 / 16));
        Watching watching = new Watching(step -> {}, new ArrayList<>());
        Training run = training(recipe, OPTIONS);
        RunResult result = run.listener(watching).resumeOrStart(temporary);
        assertSame(left(result, temporary), uninterrupted(recipe));
        assertThat(watching.notices()).hasSize(1);
        assertThat(watching.notices().get(0)).contains("skipping a checkpoint", "step-00000010");
    }

    @Test
    void onlyDamagedCheckpoints_areAnErrorAndLeaveTheFolder() throws IOException {
        Recipe recipe = TestRuns.recipe();
        run(recipe, temporary, OPTIONS.withStopAfter(3));
        Path only = temporary.resolve("checkpoints/step-00000003.safetensors");
        Files.write(only, new byte[100]);
        List<String> metrics = Files.readAllLines(temporary.resolve(MetricsFile.NAME));
        assertThatThrownBy(() -> run(recipe, temporary, OPTIONS))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(6))
                .hasMessageContaining("no good checkpoint is left");
        assertThat(Files.readAllLines(temporary.resolve(MetricsFile.NAME))).isEqualTo(metrics);
        assertThat(checkpoints(temporary)).containsExactly("step-00000003.safetensors");
    }

    /** A disk on which no checkpoint of one step can be written. */
    private Path fullFor(int step) throws IOException {
        String name = "step-%08d".formatted(step);
        return new FaultyFileSystem(temporary, (change, file) -> {
                    if (change.equals("write") && file.getFileName().toString().startsWith(name)) {
                        throw new IOException("No space left on device");
                    }
                })
                .folder();
    }

    @Test
    void fullDisk_isAWarningAndTrainingGoesOn() throws IOException {
        Recipe recipe = TestRuns.recipe();
        Path folder = fullFor(8);
        List<Thread> told = new ArrayList<>();
        Watching watching = new Watching(step -> {}, new ArrayList<>() {
            @Override
            public boolean add(String notice) {
                told.add(Thread.currentThread());
                return super.add(notice);
            }
        });
        Training run = training(recipe, OPTIONS.withCheckpoints(4, 9));
        RunResult result = run.listener(watching).resumeOrStart(folder);
        assertSame(left(result, temporary), uninterrupted(recipe));
        assertThat(watching.notices()).hasSize(1);
        assertThat(watching.notices().get(0))
                .contains("checkpoint of step 8 was not written", "No space left on device", "training continues");
        assertThat(told).containsOnly(Thread.currentThread());
        assertThat(Files.readString(temporary.resolve("events.jsonl")))
                .contains("\"kind\":\"CHECKPOINT_FAILING\"", "\"type\":\"checkpoint\"");
        assertThat(checkpoints(temporary))
                .containsExactly(
                        "step-00000004.safetensors",
                        "step-00000007.safetensors",
                        "step-00000012.safetensors",
                        "step-00000014.safetensors");
        assertThat(Checkpoint.read(temporary.resolve("checkpoints/step-00000007.safetensors"))
                        .step())
                .isEqualTo(7);
    }

    /** Exit code 0 would say that the weights are on disk. */
    @Test
    void fullDisk_atTheLastCheckpoint_isAnErrorAndLeavesTheOnesBefore() throws IOException {
        Recipe recipe = TestRuns.recipe();
        Path folder = fullFor(14);
        Training run = training(recipe, OPTIONS.withCheckpoints(4, 9));
        assertThatThrownBy(() -> run.resumeOrStart(folder))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(6))
                .hasMessageContainingAll("step = 14: No space left on device", "free some space");
        assertThat(temporary.resolve(RunResult.NAME)).doesNotExist();
        assertThat(checkpoints(temporary)).last().isEqualTo("step-00000012.safetensors");
        assertSame(left(run(recipe, temporary, OPTIONS), temporary), uninterrupted(recipe));
    }

    private static Map<String, HostTensor> withGreatMomentum(Map<String, HostTensor> tensors) {
        Map<String, HostTensor> great = new LinkedHashMap<>(tensors);
        great.replaceAll((name, tensor) -> {
            if (!name.startsWith("optimizer.momentum.")) {
                return tensor;
            }
            float[] values = new float[tensor.floats().length];
            Arrays.fill(values, Float.MAX_VALUE / 2);
            return HostTensor.of(values, tensor.shape());
        });
        return great;
    }

    /** A step whose loss is finite can bring weights that are not. */
    @ParameterizedTest
    @ValueSource(strings = {"none", "linear"})
    void weightsThatAreNotFinite_endTheRunAsDivergedAndTheCheckpointBeforeStays(String scaling) throws IOException {
        Recipe recipe = TestRuns.recipe();
        run(recipe, temporary, OPTIONS.withStopAfter(3));
        Path only = temporary.resolve("checkpoints/step-00000003.safetensors");
        Checkpoint good = Checkpoint.read(only);
        Recipe steep = TestRuns.recipe(
                "learning-rate.reference",
                "1e6",
                "learning-rate.scaling",
                scaling,
                "learning-rate.warmup.kind",
                "none");
        Path other = temporary.resolve("steep");
        DurableFiles.createFolders(other.resolve("checkpoints"));
        new CheckpointDirectory(other.resolve("checkpoints"), 2, notice -> {})
                .write(new Checkpoint(
                        good.step(),
                        good.epoch(),
                        good.iteration(),
                        steep.toYaml(),
                        good.datasetFingerprint(),
                        good.classNames(),
                        good.trainer(),
                        withGreatMomentum(good.tensors())));
        assertThatThrownBy(() -> run(steep, other, OPTIONS.withStopAfter(4)))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(5))
                .hasMessageContainingAll("training diverged: its weights are not finite", "step = 4");
        assertThat(checkpoints(other)).containsExactly("step-00000003.safetensors");
        assertThat(RunResult.read(other).status()).isEqualTo(RunResult.Status.DIVERGED);
        assertThat(Files.readString(other.resolve(RunResult.NAME))).doesNotContain("NaN", "Infinity");
    }

    /**
     * What a trainer could write at this step, up to the end of the object; a key that follows takes the place of its own.
     */
    private static final String WHOLE =
            "{\"epochsDone\": 0, \"epochLoss\": 1, \"epochWrong\": 1, \"epochs\": [], \"noise\": [], \"badImages\": []";

    @Test
    void wholeTrainerState_isTaken() throws IOException {
        assertThat(resume(WHOLE + "}", null).steps()).isEqualTo(TestRuns.STEPS);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "null",
                "",
                "[]",
                "{}",
                WHOLE + ", \"badImages\": null}",
                WHOLE + ", \"epochs\": null}",
                WHOLE + ", \"epochs\": [null]}",
                WHOLE + ", \"epochsDone\": 7}",
                WHOLE + ", \"noise\": [1]}",
                WHOLE
                        + ", \"badImages\": [{\"step\": 1, \"epoch\": 0, \"set\": null, \"index\": 1, \"reason\": \"\"}]}",
                WHOLE + ", \"epochWrong\": -1}"
            })
    void forgedTrainerState_isADamagedCheckpoint(String trainer) {
        requireRefused(trainer, null, "damaged checkpoint: the trainer's state");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "null", "[]", "{", "name: [", "name: x", "- - - -", "\u0000", "workers: 1e99", "*a", DEEP})
    void brokenRecipe_inACheckpoint_isToldInOneLine(String recipe) {
        requireRefused(null, recipe, "the recipe of the checkpoint cannot be read");
    }

    private static final String DEEP =
            "a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[";

    private RunResult resume(@Nullable String trainer, @Nullable String recipe) throws IOException {
        Recipe own = TestRuns.recipe();
        run(own, temporary, OPTIONS.withStopAfter(3));
        Path only = temporary.resolve("checkpoints/step-00000003.safetensors");
        Checkpoint good = Checkpoint.read(only);
        new CheckpointDirectory(only.getParent(), 2, notice -> {})
                .write(new Checkpoint(
                        good.step(),
                        good.epoch(),
                        good.iteration(),
                        recipe == null ? good.recipe() : recipe,
                        good.datasetFingerprint(),
                        good.classNames(),
                        trainer == null ? good.trainer() : trainer,
                        good.tensors()));
        return run(own, temporary, OPTIONS);
    }

    private void requireRefused(@Nullable String trainer, @Nullable String recipe, String expected) {
        assertThatThrownBy(() -> resume(trainer, recipe))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(6))
                .hasMessageContaining(expected)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
    }

    @Test
    void leftoverOfAKilledWrite_isIgnoredAndRemoved() throws IOException {
        Recipe recipe = TestRuns.recipe();
        run(recipe, temporary, OPTIONS.withStopAfter(3));
        Files.write(temporary.resolve("checkpoints/step-00000007.safetensors.0123456789abcdef.tmp"), new byte[1000]);
        run(recipe, temporary, OPTIONS.withStopAfter(4));
        assertThat(checkpoints(temporary)).containsExactly("step-00000003.safetensors", "step-00000004.safetensors");
    }
}
