package dev.lockstep.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.checkpoint.CheckpointDirectory;
import dev.lockstep.checkpoint.HostTensor;
import dev.lockstep.collective.Collective;
import dev.lockstep.collective.SoloCollective;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.Event;
import dev.lockstep.metrics.RunListener;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.metrics.StepMetrics;
import dev.lockstep.model.Models;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.run.Training;
import dev.lockstep.topology.WorkerSplit;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Scalar;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("slow")
class TrainerTest {
    private static final RunOptions OPTIONS = RunOptions.defaults().withLanes(1).withBucketFloats(500);

    private static String weightsOf(Recipe recipe, RunOptions options) {
        try (Assembly parts = TestRuns.assembly(recipe, options)) {
            Trainer trainer = parts.begin();
            assertThat(trainer.run(event -> {})).isEqualTo(Trainer.End.COMPLETED);
            return trainer.weightsSha256();
        }
    }

    @Test
    void weights_ofAnyLanesAndLoaderThreads_haveTheSameBits() {
        Recipe recipe = TestRuns.recipe("epochs", "1", "data.augmentation", "pad-crop-flip");
        String reference = weightsOf(recipe, OPTIONS);
        for (int lanes = 1; lanes <= 3; lanes++) {
            for (int loaders : new int[] {1, 4}) {
                assertThat(weightsOf(recipe, OPTIONS.withLanes(lanes).withLoaderThreads(loaders)))
                        .as("lanes = %d, loader threads = %d", lanes, loaders)
                        .isEqualTo(reference);
            }
        }
    }

    @Test
    void weights_ofAnotherSeedRecipeOrForm_haveOtherBits() {
        String reference = weightsOf(TestRuns.recipe("epochs", "1"), OPTIONS);
        assertThat(List.of(
                        weightsOf(TestRuns.recipe("epochs", "1", "seed", "2"), OPTIONS),
                        weightsOf(TestRuns.recipe("epochs", "1", "data.augmentation", "pad-crop-flip"), OPTIONS),
                        weightsOf(
                                TestRuns.recipe(
                                        "epochs",
                                        "1",
                                        "optimizer.form",
                                        "velocity",
                                        "optimizer.momentum-correction",
                                        "false"),
                                OPTIONS)))
                .doesNotContain(reference)
                .doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @CsvSource({
        "6, 2, gradient",
        "8, 2, velocity",
        "8, 3, gradient",
        "8, 4, gradient",
        "7, 5, velocity",
        "8, 8, gradient"
    })
    void weights_ofSeveralProcesses_haveTheSameBits(int workers, int processes, String form) throws Exception {
        Recipe recipe = TestRuns.recipe("epochs", "1", "workers", Integer.toString(workers), "optimizer.form", form);
        TestRuns.Listener alone = new TestRuns.Listener();
        String reference;
        try (Assembly parts = TestRuns.assembly(recipe, OPTIONS)) {
            Trainer trainer = parts.begin();
            trainer.run(alone);
            reference = trainer.weightsSha256();
        }
        List<String> hashes = InMemoryGroup.play(processes, group -> {
            try (Assembly parts =
                    TestRuns.assembly(recipe, group, OPTIONS.withLanes(2).withAuditEvery(2), new StopSignal())) {
                Trainer trainer = parts.begin();
                TestRuns.Listener listener = new TestRuns.Listener();
                trainer.run(listener, listener::save);
                assertThat(listener.steps.stream().map(StepMetrics::loss))
                        .isEqualTo(alone.steps.stream().map(StepMetrics::loss).toList());
                assertThat(listener.epochs.get(0).validationLoss())
                        .isEqualTo(alone.epochs.get(0).validationLoss());
                return trainer.weightsSha256();
            }
        });
        assertThat(hashes).hasSize(processes).containsOnly(reference);
    }

    @Test
    void weights_ofAGivenSplit_haveTheSameBits() throws Exception {
        Recipe recipe = TestRuns.recipe("epochs", "1");
        RunOptions split = OPTIONS.withWorkerSplit(WorkerSplit.parse("1,4,1"));
        List<String> hashes = InMemoryGroup.play(3, group -> {
            try (Assembly parts = TestRuns.assembly(recipe, group, split, new StopSignal())) {
                return trained(parts, event -> {});
            }
        });
        assertThat(hashes).hasSize(3).containsOnly(alone(recipe));
    }

    /** Rank 1 waits for its images, so its workers move to rank 0, once: it keeps one. */
    @Test
    void weights_whileWorkersMove_haveTheSameBits() throws Exception {
        Recipe recipe = TestRuns.recipe("epochs", "9");
        OpenDataset data = TestRuns.data(recipe);
        OpenDataset late = new OpenDataset(
                data.spec(),
                new TestRuns.Watched(data.training(), image -> LockSupport.parkNanos(10_000_000)),
                data.validation(),
                data.trainingTransform(),
                data.evaluationTransform());
        List<Event> notices = Collections.synchronizedList(new ArrayList<>());
        List<String> hashes = InMemoryGroup.play(2, group -> {
            OpenDataset own = group.rank() == 1 ? late : data;
            RunOptions auto = OPTIONS.withWorkerSplit(WorkerSplit.AUTO);
            try (Assembly parts = new Assembly(recipe, Models::create, own, group, auto, new StopSignal())) {
                return trained(parts, event -> {
                    if (event instanceof Event.Notice && group.rank() == 0) {
                        notices.add(event);
                    }
                });
            }
        });
        assertThat(notices)
                .containsExactly(new Event.Notice("after step 50 the workers of the processes are 5,1 (before: 3,3)"));
        assertThat(hashes).hasSize(2).containsOnly(alone(recipe));
    }

    /** Rank 1 is behind by a step, as when a group ends while some have the last sum and others have not; rank 2 is new. */
    @Test
    void regroup_ofProcessesAtDifferentSteps_goesOnFromTheLast() throws Exception {
        Recipe recipe = TestRuns.recipe();
        TestRuns.Listener behind = new TestRuns.Listener();
        List<String> hashes = InMemoryGroup.play(3, group -> {
            if (group.rank() == 2) {
                try (Assembly parts = TestRuns.assembly(recipe, group, OPTIONS, new StopSignal())) {
                    Trainer joined = parts.begin();
                    assertThat(joined.step()).isEqualTo(5);
                    joined.run(event -> {});
                    return joined.weightsSha256();
                }
            }
            StopSignal stop = new StopSignal();
            try (Assembly parts = TestRuns.assembly(recipe, new SoloCollective(), OPTIONS, stop)) {
                Trainer trainer = parts.begin();
                TestRuns.Listener listener = group.rank() == 1 ? behind : new TestRuns.Listener();
                assertThatThrownBy(() -> trainer.run(event -> {
                            listener.on(event);
                            if (event instanceof Event.Step && trainer.step() == 5 - group.rank()) {
                                throw new IllegalStateException("the group ends");
                            }
                        }))
                        .hasMessage("the group ends");
                trainer.regroup(group, listener);
                assertThat(trainer.step()).isEqualTo(5);
                trainer.run(listener);
                return trainer.weightsSha256();
            }
        });
        assertThat(hashes).hasSize(3).containsOnly(alone(recipe));
        assertThat(behind.steps)
                .extracting(StepMetrics::step)
                .containsExactlyElementsOf(
                        LongStream.rangeClosed(1, TestRuns.STEPS).boxed().toList());
        assertThat(behind.epochs).hasSize(2);
    }

    private static String alone(Recipe recipe) {
        try (Assembly parts = TestRuns.assembly(recipe, OPTIONS)) {
            return trained(parts, event -> {});
        }
    }

    private static String trained(Assembly parts, RunListener listener) {
        Trainer trainer = parts.begin();
        trainer.run(listener);
        return trainer.weightsSha256();
    }

    @Test
    void stopOfOneProcess_stopsAllAfterTheSameStep() throws Exception {
        List<Long> steps = InMemoryGroup.play(2, group -> {
            StopSignal stop = new StopSignal();
            try (Assembly parts = TestRuns.assembly(TestRuns.recipe(), group, OPTIONS, stop)) {
                Trainer trainer = parts.begin();
                TestRuns.Listener listener = new TestRuns.Listener() {
                    @Override
                    void onStep(StepMetrics step) {
                        super.onStep(step);
                        if (group.rank() == 1 && step.step() == 3) {
                            stop.request();
                        }
                    }
                };
                assertThat(trainer.run(listener, listener::save)).isEqualTo(Trainer.End.SIGNALLED);
                assertThat(listener.checkpoints).isEqualTo(1);
                return trainer.step();
            }
        });
        assertThat(steps).containsExactly(4L, 4L);
    }

    @Test
    void stopOfOneProcess_duringTheEvaluation_endsItForAll() throws Exception {
        Recipe recipe = TestRuns.recipe("evaluation.images-per-batch", "5");
        List<Long> steps = InMemoryGroup.play(2, group -> {
            StopSignal stop = new StopSignal();
            OpenDataset data = TestRuns.watchingValidation(TestRuns.data(recipe), image -> {
                if (group.rank() == 1) {
                    stop.request();
                }
            });
            try (Assembly parts = new Assembly(recipe, Models::create, data, group, OPTIONS, stop)) {
                Trainer trainer = parts.begin();
                TestRuns.Listener listener = new TestRuns.Listener();
                assertThat(trainer.run(listener, listener::save)).isEqualTo(Trainer.End.SIGNALLED);
                assertThat(listener.epochs).isEmpty();
                assertThat(listener.checkpoints).isEqualTo(1);
                return trainer.step();
            }
        });
        assertThat(steps).containsExactly(7L, 7L);
    }

    /** What a process of other memory has computed must not become the checkpoint that all continue from. */
    @Test
    void stateThatDiffers_isNeverSaved() throws Exception {
        List<String> messages = InMemoryGroup.play(2, group -> {
            RunOptions options = OPTIONS.withCheckpoints(4, 2);
            try (Assembly parts = TestRuns.assembly(TestRuns.recipe(), group, options, new StopSignal())) {
                Trainer trainer = parts.begin();
                TestRuns.Listener listener = new TestRuns.Listener() {
                    @Override
                    void onStep(StepMetrics step) {
                        if (group.rank() == 1 && step.step() == 4) {
                            parts.state().optimizer().get("momentum").mul_(new Scalar(1.5));
                        }
                    }
                };
                Throwable failure = catchThrowable(() -> trainer.run(listener, listener::save));
                assertThat(listener.checkpoints).isZero();
                return failure.getMessage();
            }
        });
        assertThat(messages)
                .allMatch(message -> message.startsWith("processes disagree: rank = 1 has another momentum of ")
                        && message.contains("step = 4"));
    }

    /** The evaluation is long, and what goes wrong in it would be in the checkpoint after it. */
    @Test
    void stateThatDiffersAfterAnEvaluation_isNotSavedWithItsResult() throws Exception {
        List<String> messages = InMemoryGroup.play(2, group -> {
            try (Assembly parts = TestRuns.assembly(TestRuns.recipe(), group, OPTIONS, new StopSignal())) {
                Trainer trainer = parts.begin();
                TestRuns.Listener listener = new TestRuns.Listener() {
                    @Override
                    void onEpoch(EpochMetrics epoch) {
                        if (group.rank() == 1) {
                            parts.state().optimizer().get("momentum").mul_(new Scalar(1.5));
                        }
                    }
                };
                Throwable failure = catchThrowable(() -> trainer.run(listener, listener::save));
                assertThat(listener.checkpoints).isOne();
                return failure.getMessage();
            }
        });
        assertThat(messages)
                .allMatch(message -> message.startsWith("processes disagree: rank = 1 has another momentum of "));
    }

    /** Machines that do not share the run folder: one has an older checkpoint, one of other weights, one none. */
    @Test
    void rankZeroAlone_decidesWhereAllStart(@TempDir Path folder) throws Exception {
        Recipe recipe = TestRuns.recipe("workers", "4");
        RunResult whole = training(recipe, new SoloCollective(), OPTIONS).resumeOrStart(folder.resolve("whole"));
        training(recipe, new SoloCollective(), OPTIONS.withStopAfter(3)).resumeOrStart(folder.resolve("0"));
        training(recipe, new SoloCollective(), OPTIONS.withStopAfter(2)).resumeOrStart(folder.resolve("1"));
        Checkpoint saved = Checkpoint.read(folder.resolve("0/checkpoints/step-00000003.safetensors"));
        TreeMap<String, HostTensor> tensors = new TreeMap<>(saved.tensors());
        tensors.put("fc.bias", HostTensor.of(new float[7], 7));
        new CheckpointDirectory(folder.resolve("2/checkpoints"), 2, notice -> {})
                .write(new Checkpoint(
                        saved.step(),
                        saved.epoch(),
                        saved.iteration(),
                        saved.recipe(),
                        saved.datasetFingerprint(),
                        saved.classNames(),
                        saved.trainer(),
                        tensors));
        List<String> notices = new CopyOnWriteArrayList<>();
        List<RunResult> results = InMemoryGroup.play(
                4,
                group -> training(recipe, group, OPTIONS)
                        .listener(event -> {
                            if (event instanceof Event.Notice notice) {
                                notices.add(notice.text());
                            }
                        })
                        .resumeOrStart(folder.resolve(Integer.toString(group.rank()))));
        assertThat(results).extracting(RunResult::weightsSha256).containsOnly(whole.weightsSha256());
        assertThat(results).extracting(RunResult::trainLoss).containsOnly(whole.trainLoss());
        assertThat(notices)
                .contains("rank 0 has sent its state of step 3 to the other processes, whose run folders are not read");
        assertThat(folder.resolve("3")).doesNotExist();
        assertThat(folder.resolve("2/metrics.jsonl")).doesNotExist();
    }

    @Test
    void checkpointThatRankZeroCannotUse_isReportedByEveryProcessInTheSameWords(@TempDir Path folder) throws Exception {
        training(TestRuns.recipe("seed", "7"), new SoloCollective(), OPTIONS.withStopAfter(3))
                .resumeOrStart(folder.resolve("0"));
        List<Throwable> failures = InMemoryGroup.play(2, group -> {
            Training run = training(TestRuns.recipe(), group, OPTIONS);
            return catchThrowable(() -> run.resumeOrStart(folder.resolve(Integer.toString(group.rank()))));
        });
        assertThat(failures)
                .allSatisfy(failure -> assertThat(failure)
                        .hasMessage(failures.get(0).getMessage())
                        .hasMessageStartingWith("checkpoint is of another recipe: seed")
                        .isInstanceOfSatisfying(
                                LockstepException.class,
                                e -> assertThat(e.exitCode()).isEqualTo(6)));
    }

    private static Training training(Recipe recipe, Collective group, RunOptions options) {
        return Training.create(recipe, Models::create, TestRuns.data(recipe), group)
                .options(options);
    }

    @Test
    void divergence_namesTheSameWorkerOnEveryProcess() throws Exception {
        Recipe recipe = TestRuns.recipe("learning-rate.reference", "1e6", "learning-rate.warmup.kind", "none");
        List<String> messages = InMemoryGroup.play(2, group -> {
            try (Assembly parts = TestRuns.assembly(recipe, group, OPTIONS, new StopSignal())) {
                Trainer trainer = parts.begin();
                Throwable failure = catchThrowable(() -> trainer.run(event -> {}));
                assertThat(failure)
                        .isInstanceOfSatisfying(
                                LockstepException.class,
                                e -> assertThat(e.exitCode()).isEqualTo(5));
                return failure.getMessage();
            }
        });
        assertThat(messages.get(0))
                .isEqualTo(messages.get(1))
                .containsPattern("worker = [0-9]+, learning rate = 3000000[.]0");
    }

    @ParameterizedTest
    @CsvSource({"seed, 9, seed = ", "learning-rate.reference, 0.2, learning-rate.reference = "})
    void compareProcesses_withAnotherRecipe_namesKeyAndRank(String key, String value, String named) {
        assertThatThrownBy(() -> InMemoryGroup.play(3, group -> {
                    Recipe recipe = group.rank() == 2 ? TestRuns.recipe(key, value) : TestRuns.recipe();
                    try (Assembly parts = TestRuns.assembly(recipe, group, OPTIONS, new StopSignal())) {
                        parts.begin();
                        return 0;
                    }
                }))
                .isInstanceOf(LockstepException.class)
                .hasMessageContainingAll("different recipes", named, "rank = 2");
    }

    @Test
    void compareProcesses_withOtherData_namesTheRank() {
        OpenDataset data = TestRuns.data(TestRuns.recipe());
        OpenDataset other = TestRuns.data(
                TestRuns.recipe("data.dataset", "'synthetic:images=130,validation=36,shape=3x8x8,classes=7'"));
        assertThatThrownBy(() -> InMemoryGroup.play(3, group -> {
                    try (Assembly parts = new Assembly(
                            TestRuns.recipe(),
                            Models::create,
                            group.rank() == 1 ? other : data,
                            group,
                            OPTIONS,
                            new StopSignal())) {
                        parts.begin();
                        return 0;
                    }
                }))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(3))
                .hasMessageContainingAll("processes have different data", "rank = 1");
    }

    @Test
    void compareProcesses_withOtherOptions_namesThemAndRank() {
        assertThatThrownBy(() -> InMemoryGroup.play(2, group -> {
                    RunOptions options = group.rank() == 1
                            ? OPTIONS.withAuditEvery(3).withStopAfter(7)
                            : OPTIONS.withLanes(2).withCheckpoints(1, 5);
                    try (Assembly parts = TestRuns.assembly(TestRuns.recipe(), group, options, new StopSignal())) {
                        parts.begin();
                        return 0;
                    }
                }))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining(
                        "different options: checkpoint-every = 1 (0), audit-every = 0 (3), stop-after = -1 (7),"
                                + " rank = 0 (rank = 1)");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void brokenImage_surfacesUnchanged(int lanes) {
        Recipe recipe = TestRuns.recipe();
        LockstepException broken = LockstepException.data("truncated image", "file = x.jpg", "replace it");
        OpenDataset good = TestRuns.data(recipe);
        AtomicInteger asked = new AtomicInteger();
        Dataset bad = new TestRuns.Watched(good.training(), index -> {
            if (asked.incrementAndGet() == 60) {
                throw broken;
            }
        });
        OpenDataset data = new OpenDataset(
                good.spec(), bad, good.validation(), good.trainingTransform(), good.evaluationTransform());
        TestRuns.Listener listener = new TestRuns.Listener();
        Throwable seen = assertTimeoutPreemptively(Duration.ofSeconds(30), () -> {
            try (Assembly parts = new Assembly(
                    recipe,
                    Models::create,
                    data,
                    new SoloCollective(),
                    OPTIONS.withLanes(lanes).withLoaderThreads(2),
                    new StopSignal())) {
                Trainer trainer = parts.begin();
                return catchThrowable(() -> trainer.run(listener, listener::save));
            }
        });
        assertThat(seen).isSameAs(broken);
        assertThat(listener.steps).hasSizeLessThan(4);
    }

    @Test
    void metrics_ofARun_areComplete() {
        TestRuns.Listener listener = new TestRuns.Listener();
        Recipe recipe = TestRuns.recipe();
        try (Assembly parts = TestRuns.assembly(recipe, OPTIONS.withCheckpoints(3, 2))) {
            Trainer trainer = parts.begin();
            assertThat(trainer.totalSteps()).isEqualTo(TestRuns.STEPS);
            trainer.run(listener, listener::save);
            assertThat(trainer.lastEpochs()).isEqualTo(listener.epochs);
        }
        assertThat(listener.steps).extracting(StepMetrics::step).containsExactly(steps());
        assertThat(listener.steps)
                .extracting(StepMetrics::learningRate)
                .containsExactly(LongStream.range(0, TestRuns.STEPS)
                        .mapToObj(s -> recipe.schedule(TestRuns.STEPS_PER_EPOCH).at(s))
                        .toArray(Double[]::new));
        // Every third step, and the ends of the two epochs, before and after the evaluation.
        assertThat(listener.checkpoints).isEqualTo(4 + 2 * 2);
        double loss = listener.steps.subList(7, 14).stream()
                .mapToDouble(StepMetrics::loss)
                .average()
                .orElseThrow();
        assertThat(listener.epochs.get(1).trainLoss()).isCloseTo(loss, within(1e-9));
        assertThat(listener.epochs).allSatisfy(epoch -> {
            assertThat(epoch.validationTop1Error() * 37).isEqualTo(Math.rint(epoch.validationTop1Error() * 37));
            assertThat(epoch.validationTop5Error()).isLessThanOrEqualTo(epoch.validationTop1Error());
        });
        assertThat(listener.epochs.get(1).trainLoss())
                .isLessThan(listener.epochs.get(0).trainLoss());
    }

    private static Long[] steps() {
        return LongStream.rangeClosed(1, TestRuns.STEPS).boxed().toArray(Long[]::new);
    }
}
