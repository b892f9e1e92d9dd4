package dev.lockstep.run;

import static dev.lockstep.run.TrainingRuns.OPTIONS;
import static dev.lockstep.run.TrainingRuns.assertSame;
import static dev.lockstep.run.TrainingRuns.checkpoints;
import static dev.lockstep.run.TrainingRuns.delete;
import static dev.lockstep.run.TrainingRuns.left;
import static dev.lockstep.run.TrainingRuns.run;
import static dev.lockstep.run.TrainingRuns.training;
import static dev.lockstep.run.TrainingRuns.uninterrupted;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.collective.SoloCollective;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.model.Models;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.run.TrainingRuns.Crash;
import dev.lockstep.run.TrainingRuns.Watching;
import dev.lockstep.train.StopSignal;
import dev.lockstep.train.TestRuns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs that were interrupted and resumed. */
@Tag("slow")
@net.jqwik.api.Tag("slow")
class TrainingResumeTest {
    @TempDir
    private Path temporary;

    /**
     * @param stops steps after which the run is stopped and resumed, ascending
     * @param lanes of each session in turn
     */
    record Interruptions(String optimizer, String augmentation, List<Integer> stops, List<Integer> lanes, int loaders) {
        Recipe recipe() {
            return TestRuns.recipe("optimizer", optimizer, "data.augmentation", augmentation);
        }
    }

    @Provide
    Arbitrary<Interruptions> interruptions() {
        return Combinators.combine(
                        Arbitraries.of(
                                "{form: gradient}", "{form: velocity}", "{kind: averaged-momentum}", "{kind: lars}"),
                        Arbitraries.of("none", "pad-crop-flip"),
                        Arbitraries.integers()
                                .between(1, TestRuns.STEPS - 1)
                                .set()
                                .ofMinSize(1)
                                .ofMaxSize(4)
                                .map(set -> set.stream().sorted().toList()),
                        Arbitraries.integers().between(1, 4).list().ofSize(5),
                        Arbitraries.integers().between(1, 4))
                .as(Interruptions::new);
    }

    @Property(tries = 8)
    void resumedRun_isTheUninterruptedOne(@ForAll("interruptions") Interruptions plan) throws IOException {
        Path folder = Files.createTempDirectory("resumed");
        try {
            for (int session = 0; session < plan.stops.size(); session++) {
                RunResult partial = run(
                        plan.recipe(),
                        folder,
                        OPTIONS.withLanes(plan.lanes.get(session)).withStopAfter(plan.stops.get(session)));
                assertThat(partial.status()).isEqualTo(RunResult.Status.INTERRUPTED);
                assertThat(partial.steps()).isEqualTo((long) plan.stops.get(session));
            }
            RunResult result = run(
                    plan.recipe(), folder, OPTIONS.withLanes(plan.lanes.get(4)).withLoaderThreads(plan.loaders));
            assertSame(left(result, folder), uninterrupted(plan.recipe()));
        } finally {
            delete(folder);
        }
    }

    /** Without warning: what was written after the newest checkpoint is done again. */
    @ParameterizedTest
    @ValueSource(strings = {"{}", "{kind: averaged-momentum}", "{kind: lars}"})
    void crashedRun_goesOnFromItsNewestCheckpoint(String optimizer) throws IOException {
        Recipe recipe = TestRuns.recipe("optimizer", optimizer);
        for (long crash : new long[] {2, 5, 7, 11, 13}) {
            Throwable seen = catchThrowable(() -> run(recipe, temporary, OPTIONS.withCheckpoints(4, 2), step -> {
                if (step.step() == crash) {
                    throw new Crash();
                }
            }));
            assertThat(seen).hasMessage("crash");
        }
        RunResult result = run(recipe, temporary, OPTIONS);
        assertSame(left(result, temporary), uninterrupted(recipe));
    }

    @Test
    void signal_savesAndStops() throws IOException {
        Recipe recipe = TestRuns.recipe();
        StopSignal stop = new StopSignal();
        Training run = Training.create(recipe, Models::create, TestRuns.data(recipe), new SoloCollective())
                .options(OPTIONS)
                .stopOn(stop);
        RunResult result = run.listener(new Watching(
                        step -> {
                            if (step.step() == 4) {
                                stop.request();
                            }
                        },
                        new ArrayList<>()))
                .resumeOrStart(temporary);
        assertThat(result.status()).isEqualTo(RunResult.Status.INTERRUPTED);
        assertThat(result.steps()).isEqualTo(5);
        assertThat(checkpoints(temporary)).containsExactly("step-00000005.safetensors");
        assertSame(left(run(recipe, temporary, OPTIONS), temporary), uninterrupted(recipe));
    }

    /** The last step of an epoch, and of the run: the evaluation after it may take longer than whoever stops it waits. */
    @ParameterizedTest
    @ValueSource(longs = {7, 14})
    void signal_inTheLastStepOfAnEpoch_leavesTheEvaluationToTheResumedRun(long last) throws IOException {
        Recipe recipe = TestRuns.recipe();
        StopSignal stop = new StopSignal();
        Training run = Training.create(recipe, Models::create, TestRuns.data(recipe), new SoloCollective())
                .options(OPTIONS)
                .stopOn(stop);
        RunResult result = run.listener(new Watching(
                        step -> {
                            if (step.step() == last - 1) {
                                stop.request();
                            }
                        },
                        new ArrayList<>()))
                .resumeOrStart(temporary);
        assertThat(result.status()).isEqualTo(RunResult.Status.INTERRUPTED);
        assertThat(result.steps()).isEqualTo(last);
        assertThat(result.epochs()).isEqualTo((int) last / 7 - 1);
        assertThat(checkpoints(temporary)).contains("step-%08d.safetensors".formatted(last));
        assertSame(left(run(recipe, temporary, OPTIONS), temporary), uninterrupted(recipe));
    }

    @Test
    void signal_duringAnEvaluation_endsIt_andTheResumedRunDoesItAgain() throws IOException {
        Recipe recipe = TestRuns.recipe("evaluation.images-per-batch", "5");
        StopSignal stop = new StopSignal();
        AtomicInteger seen = new AtomicInteger();
        OpenDataset data = TestRuns.watchingValidation(TestRuns.data(recipe), image -> {
            seen.incrementAndGet();
            stop.request();
        });
        Training run = Training.create(recipe, Models::create, data, new SoloCollective())
                .options(OPTIONS.withLanes(1))
                .stopOn(stop);
        RunResult result = run.resumeOrStart(temporary);
        assertThat(result.status()).isEqualTo(RunResult.Status.INTERRUPTED);
        assertThat(result.steps()).isEqualTo(TestRuns.STEPS_PER_EPOCH);
        assertThat(result.epochs()).isZero();
        assertThat(seen.get()).as("of 37 images").isLessThan(37);
        assertThat(checkpoints(temporary)).containsExactly("step-00000007.safetensors");
        assertSame(left(run(recipe, temporary, OPTIONS), temporary), uninterrupted(recipe));
    }

    /** In the middle of it, and when its result is told but the checkpoint with it is not written. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void crash_duringAnEvaluation_losesNoStep(boolean inTheMiddle) throws IOException {
        Recipe recipe = TestRuns.recipe();
        OpenDataset data = TestRuns.watchingValidation(TestRuns.data(recipe), image -> crash(inTheMiddle));
        Training run = training(recipe, data, OPTIONS);
        assertThatThrownBy(() -> run.onEpoch(epoch -> crash(true)).resumeOrStart(temporary))
                .hasMessage("crash");
        assertThat(checkpoints(temporary)).containsExactly("step-00000007.safetensors");
        List<Long> steps = new ArrayList<>();
        RunResult result = run(recipe, temporary, OPTIONS, step -> steps.add(step.step()));
        assertThat(steps).first().isEqualTo(8L);
        assertSame(left(result, temporary), uninterrupted(recipe));
    }

    private static void crash(boolean now) {
        if (now) {
            throw new Crash();
        }
    }

    /** Or it would pass for the result of the session that crashed. */
    @Test
    void resultOfAnEarlierSession_isGoneOnceTheRunGoesOn() {
        Recipe recipe = TestRuns.recipe();
        run(recipe, temporary, OPTIONS.withStopAfter(3));
        assertThat(temporary.resolve(RunResult.NAME)).exists();
        assertThatThrownBy(() -> run(recipe, temporary, OPTIONS, step -> crash(true)))
                .hasMessage("crash");
        assertThat(temporary.resolve(RunResult.NAME)).doesNotExist();
    }

    @Test
    void stopAfterZero_savesTheInitialWeights(@TempDir Path another) throws IOException {
        Recipe recipe = TestRuns.recipe();
        RunResult none = run(recipe, temporary, OPTIONS.withStopAfter(0));
        assertThat(none.steps()).isZero();
        assertThat(none.status()).isEqualTo(RunResult.Status.INTERRUPTED);
        assertThat(checkpoints(temporary)).containsExactly("step-00000000.safetensors");
        Checkpoint initial = Checkpoint.read(temporary.resolve("checkpoints/step-00000000.safetensors"));
        for (Path folder : List.of(another, temporary)) {
            RunResult again = run(recipe, folder, OPTIONS.withStopAfter(0));
            assertThat(again.weightsSha256()).isEqualTo(none.weightsSha256());
        }
        assertThat(initial.tensors().get("optimizer.momentum.conv1.weight").floats())
                .containsOnly(0);
        assertThat(initial.tensors().get("bn1.running_var").floats()).containsOnly(1);
        assertSame(left(run(recipe, temporary, OPTIONS), temporary), uninterrupted(recipe));
    }

    @Test
    void finishedRun_resumed_changesNothing() throws IOException {
        Recipe recipe = TestRuns.recipe();
        RunResult first = run(recipe, temporary, OPTIONS);
        String written = Files.readString(temporary.resolve("result.json"));
        RunResult again = run(recipe, temporary, OPTIONS);
        assertSame(left(again, temporary), uninterrupted(recipe));
        // The time and the speed of the training, not of finding out that it is done.
        assertThat(Files.readString(temporary.resolve("result.json"))).isEqualTo(written);
        assertThat(again).isEqualTo(first);
        assertThat(again.imagesPerSecond()).isPositive();
    }

    @Test
    void finishedRun_whoseResultIsLost_getsItAgain() throws IOException {
        Recipe recipe = TestRuns.recipe();
        RunResult first = run(recipe, temporary, OPTIONS);
        Files.delete(temporary.resolve("result.json"));
        run(recipe, temporary, OPTIONS);
        assertThat(RunResult.read(temporary).weightsSha256()).isEqualTo(first.weightsSha256());
    }

    @Test
    void start_setsOldCheckpointsAside() throws IOException {
        Recipe first = TestRuns.recipe("seed", "5");
        run(first, temporary, OPTIONS.withStopAfter(0));
        run(first, temporary, OPTIONS.withStopAfter(3));
        Recipe other = TestRuns.recipe();
        Training run = training(other, OPTIONS);
        assertSame(left(run.start(temporary), temporary), uninterrupted(other));
        assertThat(checkpoints(temporary))
                .containsExactly(
                        "step-00000000.safetensors.superseded",
                        "step-00000003.safetensors.superseded",
                        "step-00000007.safetensors",
                        "step-00000014.safetensors");
    }

    @Test
    void resume_ofAnOlderCheckpoint_givesTheSameRun() throws IOException {
        Recipe recipe = TestRuns.recipe();
        run(recipe, temporary, OPTIONS.withCheckpoints(3, 9).withStopAfter(10));
        Training run = training(recipe, OPTIONS.withCheckpoints(0, 9));
        RunResult result = run.resume(temporary, temporary.resolve("checkpoints/step-00000003.safetensors"));
        assertSame(left(result, temporary), uninterrupted(recipe));
        assertThat(checkpoints(temporary))
                .containsExactly(
                        "step-00000003.safetensors",
                        "step-00000006.safetensors.superseded",
                        "step-00000007.safetensors",
                        "step-00000007.safetensors.superseded",
                        "step-00000009.safetensors.superseded",
                        "step-00000010.safetensors.superseded",
                        "step-00000014.safetensors");
    }
}
