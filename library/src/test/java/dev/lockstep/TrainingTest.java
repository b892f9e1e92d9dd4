package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.checkpoint.HostTensor;
import dev.lockstep.collective.SoloCollective;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.catalogue.OpenDataset;
import dev.lockstep.image.format.SyntheticDataset;
import dev.lockstep.model.ResNet;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.report.EpochMetrics;
import dev.lockstep.report.MetricSink;
import dev.lockstep.report.MetricsFile;
import dev.lockstep.report.RunResult;
import dev.lockstep.report.StepMetrics;
import dev.lockstep.train.RunOptions;
import dev.lockstep.train.StopSignal;
import dev.lockstep.train.TestRuns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainingTest {
    private static final RunOptions OPTIONS = RunOptions.defaults().withLanes(2).withBucketFloats(500);

    @TempDir
    private Path temporary;

    // --- what a run leaves

    /** A finished run: its result and its metrics without times. */
    private record Left(RunResult result, List<String> metrics) {}

    private static Left left(RunResult result, Path folder) throws IOException {
        ObjectMapper json = new ObjectMapper();
        List<String> lines = new ArrayList<>();
        for (String line : Files.readAllLines(folder.resolve(MetricsFile.NAME))) {
            ObjectNode node = (ObjectNode) json.readTree(line);
            node.remove(List.of(
                    "images_per_second",
                    "step_seconds",
                    "data_wait_seconds",
                    "exposed_communication_seconds",
                    // Summed bucket by bucket: its last bits depend on the size of the buckets, which the weights do
                    // not.
                    "noise_scale",
                    "seconds"));
            lines.add(node.toString());
        }
        return new Left(result, lines);
    }

    private static Training training(Recipe recipe, RunOptions options) {
        return training(recipe, TestRuns.data(recipe), options);
    }

    private static Training training(Recipe recipe, OpenDataset data, RunOptions options) {
        return Training.create(recipe, ResNet::fromRecipe, data, new SoloCollective(), options, new StopSignal());
    }

    private static RunResult run(Recipe recipe, Path folder, RunOptions options) {
        try (Training run = training(recipe, options)) {
            return run.resumeOrStart(folder);
        }
    }

    private static Left uninterrupted(Recipe recipe) {
        return UNINTERRUPTED.computeIfAbsent(recipe.toYaml(), key -> {
            try {
                Path folder = Files.createTempDirectory("uninterrupted");
                Left left = left(run(recipe, folder, OPTIONS), folder);
                delete(folder);
                return left;
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    private static final ConcurrentMap<String, Left> UNINTERRUPTED = new ConcurrentHashMap<>();

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.delete(file);
            }
        }
    }

    private static void assertSame(Left one, Left other) {
        assertThat(one.result.weightsSha256()).isEqualTo(other.result.weightsSha256());
        assertThat(one.metrics).isEqualTo(other.metrics);
        assertThat(one.result.steps()).isEqualTo(other.result.steps());
        assertThat(one.result.epochs()).isEqualTo(other.result.epochs());
        assertThat(one.result.status()).isEqualTo(other.result.status());
        assertThat(one.result.validationTop1Error()).isEqualTo(other.result.validationTop1Error());
        assertThat(one.result.medianLast5ValidationTop1Error())
                .isEqualTo(other.result.medianLast5ValidationTop1Error());
        assertThat(one.result.trainLoss()).isEqualTo(other.result.trainLoss());
    }

    @Test
    void run_leavesItsFolder() throws IOException {
        Recipe recipe = TestRuns.recipe();
        RunResult result = run(recipe, temporary, OPTIONS.withCheckpoints(3, 3));
        assertThat(result.status()).isEqualTo(RunResult.Status.COMPLETED);
        assertThat(result.steps()).isEqualTo(TestRuns.STEPS);
        assertThat(RunResult.read(temporary)).usingRecursiveComparison().isEqualTo(result);
        assertThat(Recipe.read(temporary.resolve("recipe.yaml"))).isEqualTo(recipe);
        MetricsFile metrics = MetricsFile.read(temporary.resolve(MetricsFile.NAME));
        assertThat(metrics.steps()).hasSize(TestRuns.STEPS);
        assertThat(metrics.epochs()).hasSize(2);
        assertThat(checkpoints())
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

    private List<String> checkpoints() throws IOException {
        try (Stream<Path> files = Files.list(temporary.resolve("checkpoints"))) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    // --- interrupted and resumed

    /**
     * @param stops steps after which the run is stopped and resumed, ascending
     * @param lanes of each session in turn
     */
    record Interruptions(String form, String augmentation, List<Integer> stops, List<Integer> lanes, int loaders) {
        Recipe recipe() {
            return TestRuns.recipe("optimizer.form", form, "data.augmentation", augmentation);
        }
    }

    @Provide
    Arbitrary<Interruptions> interruptions() {
        return Combinators.combine(
                        Arbitraries.of("gradient", "velocity"),
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
    @Test
    void crashedRun_goesOnFromItsNewestCheckpoint() throws IOException {
        Recipe recipe = TestRuns.recipe();
        for (long crash : new long[] {2, 5, 7, 11, 13}) {
            Throwable seen = catchThrowable(() -> runWith(recipe, OPTIONS.withCheckpoints(4, 2), step -> {
                if (step.step() == crash) {
                    throw new IllegalStateException("crash");
                }
            }));
            assertThat(seen).hasMessage("crash");
        }
        RunResult result = run(recipe, temporary, OPTIONS);
        assertSame(left(result, temporary), uninterrupted(recipe));
    }

    private RunResult runWith(Recipe recipe, RunOptions options, Consumer<StepMetrics> onStep) {
        try (Training run = training(recipe, options)) {
            return run.addSink(new Watching(onStep, new ArrayList<>())).resumeOrStart(temporary);
        }
    }

    private record Watching(Consumer<StepMetrics> onStep, List<String> notices) implements MetricSink {
        @Override
        public void onStep(StepMetrics step) {
            onStep.accept(step);
        }

        @Override
        public void onEpoch(EpochMetrics epoch) {}

        @Override
        public void onNotice(String notice) {
            notices.add(notice);
        }

        @Override
        public void close() {}
    }

    @Test
    void signal_savesAndStops() throws IOException {
        Recipe recipe = TestRuns.recipe();
        StopSignal stop = new StopSignal();
        try (Training run = Training.create(
                recipe, ResNet::fromRecipe, TestRuns.data(recipe), new SoloCollective(), OPTIONS, stop)) {
            RunResult result = run.addSink(new Watching(
                            step -> {
                                if (step.step() == 4) {
                                    stop.request();
                                }
                            },
                            new ArrayList<>()))
                    .resumeOrStart(temporary);
            assertThat(result.status()).isEqualTo(RunResult.Status.INTERRUPTED);
            assertThat(result.steps()).isEqualTo(5);
        }
        assertThat(checkpoints()).containsExactly("step-00000005.safetensors");
        assertSame(left(run(recipe, temporary, OPTIONS), temporary), uninterrupted(recipe));
    }

    /** The last step of an epoch, and of the run: the evaluation after it may take longer than whoever stops it waits. */
    @ParameterizedTest
    @ValueSource(longs = {7, 14})
    void signal_inTheLastStepOfAnEpoch_leavesTheEvaluationToTheResumedRun(long last) throws IOException {
        Recipe recipe = TestRuns.recipe();
        StopSignal stop = new StopSignal();
        try (Training run = Training.create(
                recipe, ResNet::fromRecipe, TestRuns.data(recipe), new SoloCollective(), OPTIONS, stop)) {
            RunResult result = run.addSink(new Watching(
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
        }
        assertThat(checkpoints()).contains("step-%08d.safetensors".formatted(last));
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
        try (Training run =
                Training.create(recipe, ResNet::fromRecipe, data, new SoloCollective(), OPTIONS.withLanes(1), stop)) {
            RunResult result = run.resumeOrStart(temporary);
            assertThat(result.status()).isEqualTo(RunResult.Status.INTERRUPTED);
            assertThat(result.steps()).isEqualTo(TestRuns.STEPS_PER_EPOCH);
            assertThat(result.epochs()).isZero();
        }
        assertThat(seen.get()).as("of 37 images").isLessThan(37);
        assertThat(checkpoints()).containsExactly("step-00000007.safetensors");
        assertSame(left(run(recipe, temporary, OPTIONS), temporary), uninterrupted(recipe));
    }

    /** In the middle of it, and when its result is told but the checkpoint with it is not written. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void crash_duringAnEvaluation_losesNoStep(boolean inTheMiddle) throws IOException {
        Recipe recipe = TestRuns.recipe();
        OpenDataset data = TestRuns.watchingValidation(TestRuns.data(recipe), image -> crash(inTheMiddle));
        try (Training run = training(recipe, data, OPTIONS)) {
            assertThatThrownBy(() -> run.onEpoch(epoch -> crash(true)).resumeOrStart(temporary))
                    .hasMessage("crash");
        }
        assertThat(checkpoints()).containsExactly("step-00000007.safetensors");
        List<Long> steps = new ArrayList<>();
        RunResult result = runWith(recipe, OPTIONS, step -> steps.add(step.step()));
        assertThat(steps).first().isEqualTo(8L);
        assertSame(left(result, temporary), uninterrupted(recipe));
    }

    private static void crash(boolean now) {
        if (now) {
            throw new IllegalStateException("crash");
        }
    }

    /** Or it would pass for the result of the session that crashed. */
    @Test
    void resultOfAnEarlierSession_isGoneOnceTheRunGoesOn() {
        Recipe recipe = TestRuns.recipe();
        run(recipe, temporary, OPTIONS.withStopAfter(3));
        assertThat(temporary.resolve(RunResult.NAME)).exists();
        assertThatThrownBy(() -> runWith(recipe, OPTIONS, step -> crash(true))).hasMessage("crash");
        assertThat(temporary.resolve(RunResult.NAME)).doesNotExist();
    }

    @Test
    void stopAfterZero_savesTheInitialWeights() throws IOException {
        Recipe recipe = TestRuns.recipe();
        RunResult none = run(recipe, temporary, OPTIONS.withStopAfter(0));
        assertThat(none.steps()).isZero();
        assertThat(none.status()).isEqualTo(RunResult.Status.INTERRUPTED);
        assertThat(checkpoints()).containsExactly("step-00000000.safetensors");
        Checkpoint initial = Checkpoint.read(temporary.resolve("checkpoints/step-00000000.safetensors"));
        try (Training fresh = training(recipe, OPTIONS)) {
            assertThat(fresh.trainer().weightsSha256()).isEqualTo(none.weightsSha256());
            fresh.trainer().restore(initial);
            assertThat(fresh.trainer().weightsSha256()).isEqualTo(none.weightsSha256());
        }
        assertThat(initial.tensors().get("optimizer.momentum.conv1.weight").floats())
                .containsOnly(0);
        assertThat(initial.tensors().get("bn1.running_var").floats()).containsOnly(1);
        assertSame(left(run(recipe, temporary, OPTIONS), temporary), uninterrupted(recipe));
    }

    @Test
    void finishedRun_resumed_changesNothing() throws IOException {
        Recipe recipe = TestRuns.recipe();
        run(recipe, temporary, OPTIONS);
        assertSame(left(run(recipe, temporary, OPTIONS), temporary), uninterrupted(recipe));
    }

    @Test
    void start_setsOldCheckpointsAside() throws IOException {
        Recipe first = TestRuns.recipe("seed", "5");
        run(first, temporary, OPTIONS.withStopAfter(0));
        run(first, temporary, OPTIONS.withStopAfter(3));
        Recipe other = TestRuns.recipe();
        try (Training run = training(other, OPTIONS)) {
            assertSame(left(run.start(temporary), temporary), uninterrupted(other));
        }
        assertThat(checkpoints())
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
        try (Training run = training(recipe, OPTIONS.withCheckpoints(0, 9))) {
            RunResult result = run.resume(temporary, temporary.resolve("checkpoints/step-00000003.safetensors"));
            assertSame(left(result, temporary), uninterrupted(recipe));
        }
        assertThat(checkpoints())
                .containsExactly(
                        "step-00000003.safetensors",
                        "step-00000006.safetensors.superseded",
                        "step-00000007.safetensors",
                        "step-00000007.safetensors.superseded",
                        "step-00000009.safetensors.superseded",
                        "step-00000010.safetensors.superseded",
                        "step-00000014.safetensors");
    }

    // --- refused

    @Test
    void checkpoint_ofAnotherRecipe_isRefusedNamingTheKeys() {
        run(TestRuns.recipe(), temporary, OPTIONS.withStopAfter(2));
        Recipe other = TestRuns.recipe("seed", "2", "workers", "3", "optimizer.momentum", "0.8", "name", "renamed");
        assertThatThrownBy(() -> run(other, temporary, OPTIONS))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(6))
                .hasMessageContainingAll(
                        "another recipe", "seed = 2 (1)", "workers = 3 (6)", "optimizer.momentum = 0.8 (0.9)")
                .hasMessageNotContaining("renamed");
    }

    @Test
    void checkpoint_ofARecipeWithTheSameArithmetic_isTaken() {
        run(TestRuns.recipe(), temporary, OPTIONS.withStopAfter(2));
        Recipe renamed = TestRuns.recipe("name", "renamed", "epochs", "1", "evaluation.images-per-batch", "5");
        assertThat(run(renamed, temporary, OPTIONS).steps()).isEqualTo(TestRuns.STEPS_PER_EPOCH);
    }

    /** Its weights are not what the shorter recipe gives. */
    @Test
    void checkpoint_beyondTheEndOfTheRecipe_isRefused() {
        run(TestRuns.recipe(), temporary, OPTIONS.withStopAfter(TestRuns.STEPS_PER_EPOCH + 1));
        assertThatThrownBy(() -> run(TestRuns.recipe("epochs", "1"), temporary, OPTIONS))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(6))
                .hasMessageContainingAll(
                        "beyond the end of the recipe", "step = " + (TestRuns.STEPS_PER_EPOCH + 1), "epochs = 1");
    }

    /** Whoever stops it before its next checkpoint must find it in its own folder. */
    @Test
    void runFromAnotherFoldersCheckpoint_hasItAtOnce(@TempDir Path another) throws IOException {
        run(TestRuns.recipe(), temporary, OPTIONS.withStopAfter(3));
        Path checkpoint = temporary.resolve("checkpoints/step-00000003.safetensors");
        try (Training run = training(TestRuns.recipe(), OPTIONS.withStopAfter(3))) {
            run.resume(another, checkpoint);
        }
        assertThat(another.resolve("checkpoints/step-00000003.safetensors")).exists();
        Recipe recipe = TestRuns.recipe();
        assertThat(run(recipe, another, OPTIONS).weightsSha256())
                .isEqualTo(uninterrupted(recipe).result().weightsSha256());
    }

    @Test
    void checkpoint_ofOtherData_isRefused() {
        Recipe recipe = TestRuns.recipe();
        run(recipe, temporary, OPTIONS.withStopAfter(2));
        OpenDataset data = TestRuns.data(recipe);
        OpenDataset other = new OpenDataset(
                data.spec(),
                new SyntheticDataset("another", 130, data.shape(), 7),
                data.validation(),
                data.trainingTransform(),
                data.evaluationTransform());
        try (Training run = training(recipe, other, OPTIONS)) {
            assertThatThrownBy(() -> run.resumeOrStart(temporary))
                    .isInstanceOfSatisfying(
                            LockstepException.class,
                            e -> assertThat(e.exitCode()).isEqualTo(6))
                    .hasMessageContainingAll("checkpoint is of other data", data.fingerprint(), other.fingerprint());
        }
    }

    @Test
    void checkpoint_withoutATensor_isRefusedNamingIt() {
        Recipe recipe = TestRuns.recipe();
        run(recipe, temporary, OPTIONS.withStopAfter(2));
        Checkpoint whole = Checkpoint.read(temporary.resolve("checkpoints/step-00000002.safetensors"));
        var fewer = new TreeMap<>(whole.tensors());
        fewer.remove("fc.bias");
        fewer.put("bn1.running_mean", fewer.get("fc.weight"));
        Checkpoint bad = copy(whole, 0, whole.recipe(), fewer);
        try (Training run = training(recipe, OPTIONS)) {
            String before = run.trainer().weightsSha256();
            assertThatThrownBy(() -> run.trainer().restore(bad))
                    .isInstanceOf(LockstepException.class)
                    .hasMessageContainingAll("1 missing: fc.bias", "bn1.running_mean F32[7, 16] instead of F32[4]");
            assertThat(run.trainer().weightsSha256()).isEqualTo(before);
            assertThat(run.trainer().step()).isZero();
        }
    }

    private static Checkpoint copy(Checkpoint from, long epoch, String recipe, Map<String, HostTensor> tensors) {
        return new Checkpoint(
                from.step(),
                epoch,
                from.iteration(),
                recipe,
                from.datasetFingerprint(),
                from.classNames(),
                from.trainer(),
                tensors);
    }

    @Test
    void checkpoint_ofAnotherPositionOrWithAnUnreadableRecipe_isACheckpointError() {
        Recipe recipe = TestRuns.recipe();
        run(recipe, temporary, OPTIONS.withStopAfter(2));
        Checkpoint whole = Checkpoint.read(temporary.resolve("checkpoints/step-00000002.safetensors"));
        try (Training run = training(recipe, OPTIONS)) {
            assertThatThrownBy(() -> run.trainer().restore(copy(whole, 1, whole.recipe(), whole.tensors())))
                    .isInstanceOfSatisfying(
                            LockstepException.class,
                            e -> assertThat(e.exitCode()).isEqualTo(6))
                    .hasMessageContaining("step = 2, epoch = 1, iteration = 2");
            assertThatThrownBy(() -> run.trainer().restore(copy(whole, 0, "workers: [", whole.tensors())))
                    .isInstanceOfSatisfying(
                            LockstepException.class,
                            e -> assertThat(e.exitCode()).isEqualTo(6))
                    .hasMessageContaining("recipe of the checkpoint");
            assertThat(run.trainer().step()).isZero();
        }
    }

    @Test
    void secondRun_inTheSameFolder_isRefusedWhileTheFirstGoesOn() throws IOException {
        Recipe recipe = TestRuns.recipe();
        List<Throwable> refused = new ArrayList<>();
        RunResult result = runWith(recipe, OPTIONS, step -> {
            if (step.step() == 3) {
                refused.add(catchThrowable(() -> run(recipe, temporary, OPTIONS)));
            }
        });
        assertThat(refused).hasSize(1);
        assertThat(refused.get(0)).isInstanceOf(LockstepException.class).hasMessageContaining("another run is writing");
        assertSame(left(result, temporary), uninterrupted(recipe));
    }

    // --- damage and a full disk

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
        assertThat(checkpoints()).containsExactly("step-00000003.safetensors");
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
        assertThat(checkpoints())
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
        assertThat(checkpoints()).last().isEqualTo("step-00000012.safetensors");
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
        assertThat(checkpoints()).containsExactly("step-00000003.safetensors", "step-00000004.safetensors");
    }

    @Test
    void divergence_leavesTheCheckpointBeforeAndAResult() throws IOException {
        Recipe recipe = TestRuns.recipe("learning-rate.reference", "1e20", "learning-rate.warmup.kind", "none");
        assertThatThrownBy(() -> run(recipe, temporary, OPTIONS.withCheckpoints(1, 2)))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(5));
        assertThat(RunResult.read(temporary).status()).isEqualTo(RunResult.Status.DIVERGED);
        assertThat(checkpoints()).isNotEmpty();
    }
}
