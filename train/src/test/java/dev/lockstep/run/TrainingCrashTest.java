package dev.lockstep.run;

import static dev.lockstep.run.TrainingRuns.OPTIONS;
import static dev.lockstep.run.TrainingRuns.assertSame;
import static dev.lockstep.run.TrainingRuns.left;
import static dev.lockstep.run.TrainingRuns.run;
import static dev.lockstep.run.TrainingRuns.uninterrupted;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.checkpoint.CheckpointDirectory;
import dev.lockstep.files.CrashTest;
import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.metrics.StepMetrics;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.train.TestRuns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole run, whose machine loses power at one change to its files after another. */
@Tag("slow")
class TrainingCrashTest {
    private static final Recipe RECIPE = recipe(2);
    private static final Recipe WRITTEN = RECIPE.with(Map.of("data.image-size", "8"));
    private static final int STEPS = 4;
    /** Whether to try every change, and not some of them: {@code -Dlockstep.crash.all=true}. */
    private static final boolean ALL = Boolean.getBoolean("lockstep.crash.all");

    @TempDir
    private Path temporary;

    private int looks;

    private static Recipe recipe(int epochs) {
        return TestRuns.recipe(
                "epochs",
                Integer.toString(epochs),
                "workers",
                "2",
                "data.dataset",
                "synthetic:images=12,validation=5,shape=3x8x8,classes=3");
    }

    private static RunResult train(Recipe recipe, Path folder, Consumer<StepMetrics> onStep) {
        return run(recipe, folder, OPTIONS.withLanes(1).withCheckpoints(1, 2), onStep);
    }

    private static void train(Path folder, CrashTest.Acknowledged acknowledged) {
        train(RECIPE, folder, step -> {});
        acknowledged.set(STEPS);
    }

    /** Every checkpoint is whole, and the metrics reach as far as it does; now and then a run goes on from it. */
    private void requireWhole(Path folder, long acknowledged) throws IOException {
        long newest = newest(folder);
        assertThat(newest).isGreaterThanOrEqualTo(acknowledged);
        if (acknowledged == STEPS) {
            assertThat(RunResult.read(folder).status()).isEqualTo(RunResult.Status.COMPLETED);
        }
        if (newest > 0) {
            assertThat(folder.resolve("recipe.yaml")).hasContent(WRITTEN.toYaml());
            assertThat(MetricsFile.read(folder.resolve(MetricsFile.NAME)).steps())
                    .extracting(StepMetrics::step)
                    .startsWith(LongStream.rangeClosed(1, newest).boxed().toArray(Long[]::new));
        }
        if (looks++ % 7 == 0) {
            assertSame(left(train(RECIPE, folder, step -> {}), folder), uninterrupted(RECIPE));
        }
    }

    private static long newest(Path folder) {
        return new CheckpointDirectory(folder.resolve("checkpoints"), 2, notice -> {
                    throw new AssertionError(notice);
                })
                .newest()
                .map(Checkpoint::step)
                .orElse(0L);
    }

    @Test
    void run_thatLosesPowerAnywhere_keepsWhatItSavedAndGoesOnToTheSameEnd() throws IOException {
        int changes = new CrashTest(temporary)
                .losePower(
                        ALL ? 1 : 2,
                        Files.createDirectory(temporary.resolve("empty")),
                        TrainingCrashTest::train,
                        this::requireWhole);
        assertThat(changes).isGreaterThan(40);
    }

    /** The result of a shorter run must not come back when the longer one that followed it loses power. */
    @Test
    void longerRun_thatLosesPower_isNotTakenForTheShorterOne() throws IOException {
        Path done = Files.createDirectory(temporary.resolve("done"));
        train(RECIPE, done, step -> {});
        new CrashTest(temporary)
                .losePower(
                        ALL ? 1 : 5,
                        done,
                        (folder, acknowledged) -> train(recipe(3), folder, step -> acknowledged.set(step.step())),
                        (folder, acknowledged) -> {
                            if (acknowledged > 0 && Files.exists(folder.resolve(RunResult.NAME))) {
                                assertThat(RunResult.read(folder).steps()).isGreaterThan(STEPS);
                            }
                            assertThat(newest(folder)).isGreaterThanOrEqualTo(STEPS);
                        });
    }
}
