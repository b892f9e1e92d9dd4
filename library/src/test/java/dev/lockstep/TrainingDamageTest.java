package dev.lockstep;

import static dev.lockstep.TrainingRuns.OPTIONS;
import static dev.lockstep.TrainingRuns.assertSame;
import static dev.lockstep.TrainingRuns.checkpoints;
import static dev.lockstep.TrainingRuns.left;
import static dev.lockstep.TrainingRuns.run;
import static dev.lockstep.TrainingRuns.training;
import static dev.lockstep.TrainingRuns.uninterrupted;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lockstep.TrainingRuns.Watching;
import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.catalogue.OpenDataset;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.report.MetricsFile;
import dev.lockstep.report.RunResult;
import dev.lockstep.train.TestRuns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged checkpoints, and a disk that is full. */
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
        try (Training run = training(recipe, OPTIONS)) {
            RunResult result = run.addSink(watching).resumeOrStart(temporary);
            assertSame(left(result, temporary), uninterrupted(recipe));
        }
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

    /** /dev/full stands for the disk that fills while one checkpoint is written. */
    @Test
    void fullDisk_isAWarningAndTrainingGoesOn() throws IOException {
        Path full = Path.of("/dev/full");
        assumeTrue(Files.isWritable(full));
        Recipe recipe = TestRuns.recipe();
        Thread trainingThread = Thread.currentThread();
        List<Thread> told = new ArrayList<>();
        Watching watching = new Watching(
                step -> {
                    if (step.step() == 8) {
                        link(temporary.resolve("checkpoints/step-00000008.safetensors.tmp"), full);
                    }
                },
                new ArrayList<>() {
                    @Override
                    public boolean add(String notice) {
                        told.add(Thread.currentThread());
                        return super.add(notice);
                    }
                });
        try (Training run = training(recipe, OPTIONS.withCheckpoints(4, 9))) {
            RunResult result = run.addSink(watching).resumeOrStart(temporary);
            assertSame(left(result, temporary), uninterrupted(recipe));
        }
        assertThat(watching.notices()).hasSize(1);
        assertThat(watching.notices().get(0))
                .contains("checkpoint of step 8 was not written", "No space left on device", "training goes on");
        assertThat(told).containsOnly(trainingThread);
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

    private static void link(Path from, Path to) {
        try {
            Files.createSymbolicLink(from, to);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void awaitGone(Path link) {
        while (Files.isSymbolicLink(link)) {
            Thread.onSpinWait();
        }
    }

    /** Exit code 0 would say that the weights are on disk. */
    @Test
    void fullDisk_atTheLastCheckpoint_isAnErrorAndLeavesTheOnesBefore() throws IOException {
        Path full = Path.of("/dev/full");
        assumeTrue(Files.isWritable(full));
        Recipe recipe = TestRuns.recipe();
        Path last = temporary.resolve("checkpoints/step-00000014.safetensors.tmp");
        Watching watching = new Watching(
                step -> {
                    if (step.step() == 14) {
                        link(last, full);
                    }
                },
                new ArrayList<>());
        OpenDataset data = TestRuns.watchingValidation(TestRuns.data(recipe), image -> {
            // The first attempt has failed by then; what it left behind is gone.
            if (image == 36 && Files.exists(temporary.resolve("checkpoints/step-00000012.safetensors"))) {
                awaitGone(last);
                link(last, full);
            }
        });
        try (Training run = training(recipe, data, OPTIONS.withCheckpoints(4, 9))) {
            assertThatThrownBy(() -> run.addSink(watching).resumeOrStart(temporary))
                    .isInstanceOfSatisfying(
                            LockstepException.class,
                            e -> assertThat(e.exitCode()).isEqualTo(6))
                    .hasMessageContainingAll("step = 14: No space left on device", "make room");
        }
        assertThat(temporary.resolve(RunResult.NAME)).doesNotExist();
        assertThat(checkpoints(temporary)).last().isEqualTo("step-00000012.safetensors");
        try (Training run = training(recipe, OPTIONS)) {
            assertSame(left(run.resumeOrStart(temporary), temporary), uninterrupted(recipe));
        }
    }

    @Test
    void leftoverOfAKilledWrite_isIgnoredAndRemoved() throws IOException {
        Recipe recipe = TestRuns.recipe();
        run(recipe, temporary, OPTIONS.withStopAfter(3));
        Files.write(temporary.resolve("checkpoints/step-00000007.safetensors.tmp"), new byte[1000]);
        run(recipe, temporary, OPTIONS.withStopAfter(4));
        assertThat(checkpoints(temporary)).containsExactly("step-00000003.safetensors", "step-00000004.safetensors");
    }
}
