package dev.lockstep.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.lockstep.collective.Collective;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.HostBatch;
import dev.lockstep.model.ImageClassifier;
import dev.lockstep.model.Models;
import dev.lockstep.model.ParameterLayout;
import dev.lockstep.model.ParameterLayout.Slot;
import dev.lockstep.network.ParameterRole;
import dev.lockstep.optim.Optimizer.Rates;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.topology.Topology;
import dev.lockstep.torch.Tensors;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.bytedeco.pytorch.StringTensorDict;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorBase;
import org.bytedeco.pytorch.VoidTensorHook;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TrainStepTest {
    private static final Rates RATES = new Rates(0.05, 0.05, 0);
    private static final long ONE_BUCKET = 1 << 20;

    private static TestStep resnet(int workers, int imagesPerWorker, int lanes, long bucketFloats, String... lines) {
        return resnet(workers, imagesPerWorker, lanes, bucketFloats, () -> false, lines);
    }

    private static TestStep resnet(
            int workers, int imagesPerWorker, int lanes, long bucketFloats, BooleanSupplier stop, String... lines) {
        List<String> all = new ArrayList<>(List.of(lines));
        all.add("model: {name: resnet8, width: 4}");
        Recipe recipe = TestStep.recipe(workers, imagesPerWorker, all.toArray(String[]::new));
        return TestStep.create(
                recipe,
                () -> Models.create(recipe.model(), TestBatches.SHAPE, TestBatches.CLASSES),
                lanes,
                bucketFloats,
                (network, slots) -> network.initialize(1),
                stop);
    }

    private static TestStep plain(int workers, int imagesPerWorker, int lanes, String... lines) {
        List<String> all = new ArrayList<>(List.of(lines));
        all.add("model: {name: plain}");
        Recipe recipe = TestStep.recipe(workers, imagesPerWorker, all.toArray(String[]::new));
        return TestStep.create(recipe, PlainNet::new, lanes, ONE_BUCKET, (network, slots) -> {}, () -> false);
    }

    // --- the mathematics of k workers

    /** Without batch norm images do not see each other: cutting the minibatch changes the rounding alone (remark 3). */
    @Property(tries = 25)
    void sumOverWorkers_ofMeansOverK_isTheMeanOverTheMinibatch(
            @ForAll @IntRange(min = 1, max = 12) int workers,
            @ForAll @IntRange(min = 2, max = 6) int imagesPerWorker,
            @ForAll long seed) {
        String decay = "optimizer: {weight-decay: 0.1}";
        try (TestStep cut = plain(workers, imagesPerWorker, 2, decay);
                TestStep whole = plain(1, workers * imagesPerWorker, 1, decay)) {
            for (int s = 0; s < 3; s++) {
                Rates rates = new Rates(0.1, 0.1, 0.1);
                List<HostBatch> batches = new TestBatches(seed, workers, imagesPerWorker).of(s);
                TrainStep.Outcome ofCut = cut.run(s, TestBatches.inOrder(batches), rates);
                TrainStep.Outcome ofWhole = whole.run(
                        s, TestBatches.inOrder(new TestBatches(seed, 1, workers * imagesPerWorker).of(s)), rates);
                assertThat(ofCut.loss()).isCloseTo(ofWhole.loss(), within(1e-5));
                assertThat(ofCut.wrong()).isEqualTo(ofWhole.wrong());
                assertThat(ofCut.squaredNorm())
                        .isCloseTo(ofWhole.squaredNorm(), within(1e-4 * ofWhole.squaredNorm() + 1e-9));
            }
            assertClose(cut.tensors(), whole.tensors(), 1e-5);
        }
    }

    /**
     * With batch norm the same holds where workers have equal images, and for k a power of two without any rounding: each
     * gradient is exactly 1/k of one worker's. Weight decay that was added once a worker, or scaled, would show.
     */
    @Property(tries = 10)
    void equalWorkers_powerOfTwo_areOneWorkerBitForBit(
            @ForAll @IntRange(max = 4) int logWorkers,
            @ForAll @IntRange(min = 1, max = 3) int lanes,
            @ForAll long seed) {
        int workers = 1 << logWorkers;
        try (TestStep many = resnet(workers, 3, lanes, 300);
                TestStep one = resnet(1, 3, 1, ONE_BUCKET)) {
            for (int s = 0; s < 3; s++) {
                Rates rates = new Rates(0.1 * (s + 1), 0.1 * Math.max(1, s), 0.01);
                many.run(s, TestBatches.inOrder(new TestBatches(seed, workers, 3).equal(s)), rates);
                one.run(s, TestBatches.inOrder(new TestBatches(seed, 1, 3).equal(s)), rates);
            }
            assertThat(many.weightsSha256()).isEqualTo(one.weightsSha256());
            assertClose(many.tensors(), one.tensors(), 0);
        }
    }

    /** Each worker's statistics are of its own images: with other images a worker, other statistics (section 2.3). */
    @Test
    void batchNorm_seesTheWorkersOwnImagesOnly() {
        try (TestStep cut = resnet(4, 3, 1, ONE_BUCKET);
                TestStep whole = resnet(1, 12, 1, ONE_BUCKET)) {
            cut.run(0, TestBatches.inOrder(new TestBatches(1, 4, 3).of(0)), RATES);
            whole.run(0, TestBatches.inOrder(new TestBatches(1, 1, 12).of(0)), RATES);
            String stem = "bn1.running_mean";
            String variance = "bn1.running_var";
            // The mean of means is the mean; the mean of variances leaves out how the means differ.
            assertThat(largest(cut.tensors().get(stem), whole.tensors().get(stem)))
                    .isLessThan(1e-6);
            assertThat(largest(cut.tensors().get(variance), whole.tensors().get(variance)))
                    .isGreaterThan(1e-4);
            assertThat(largest(
                            cut.tensors().get("conv1.weight"), whole.tensors().get("conv1.weight")))
                    .isGreaterThan(1e-5);
        }
    }

    @Test
    void runningStatistics_takeTheStepsAverageOnce() {
        try (TestStep step = resnet(4, 3, 2, ONE_BUCKET, "batch-norm: {momentum: 0.25}");
                TestStep last = resnet(4, 3, 2, ONE_BUCKET, "batch-norm: {momentum: 1}")) {
            step.run(0, TestBatches.inOrder(new TestBatches(1, 4, 3).of(0)), RATES);
            last.run(0, TestBatches.inOrder(new TestBatches(1, 4, 3).of(0)), RATES);
            for (String name : List.of("bn1.running_mean", "layer2.0.bn1.running_var")) {
                float initial = name.endsWith("mean") ? 0 : 1;
                float[] batch = last.tensors().get(name);
                float[] running = step.tensors().get(name);
                for (int i = 0; i < batch.length; i++) {
                    assertThat((double) running[i]).isCloseTo(0.75 * initial + 0.25 * batch[i], within(1e-6));
                }
            }
        }
    }

    /** One step with and without λ: what decays moves by η(1 + m)λw (Nesterov), and the rest by not one bit. */
    @ParameterizedTest
    @CsvSource({"false, true, 1", "false, false, 300", "true, true, 1000000", "true, false, 300"})
    void weightDecay_reachesWhatTheRecipeSays(boolean decayNorm, boolean decayBias, long bucketFloats) {
        String optimizer = "optimizer: {decay-norm: " + decayNorm + ", decay-bias: " + decayBias + "}";
        double lambda = 0.05;
        try (TestStep with = resnet(3, 4, 2, bucketFloats, optimizer);
                TestStep without = resnet(3, 4, 2, bucketFloats, optimizer)) {
            for (TestStep step : List.of(with, without)) {
                fillZeros(step);
            }
            SortedMap<String, float[]> start = with.tensors();
            with.run(0, TestBatches.inOrder(new TestBatches(9, 3, 4).of(0)), new Rates(0.1, 0.1, lambda));
            without.run(0, TestBatches.inOrder(new TestBatches(9, 3, 4).of(0)), new Rates(0.1, 0.1, 0));
            for (Slot slot : with.state().layout().slots()) {
                boolean decays = slot.role() == ParameterRole.WEIGHT
                        || slot.role() == ParameterRole.BIAS && decayBias
                        || slot.role() == ParameterRole.NORM && decayNorm;
                float[] w = start.get(slot.name());
                float[] decayed = with.tensors().get(slot.name());
                float[] plain = without.tensors().get(slot.name());
                for (int i = 0; i < w.length; i++) {
                    double expected = decays ? 0.1 * 1.9 * lambda * w[i] : 0;
                    assertThat((double) plain[i] - decayed[i])
                            .as("%s[%d]", slot.name(), i)
                            .isCloseTo(expected, within(decays ? 1e-6 : 0));
                }
            }
        }
    }

    /** Nothing may start at zero, or decay could not be seen: γ of the last norms, β and the classifier's bias do. */
    private static void fillZeros(TestStep step) {
        for (Slot slot : step.state().layout().slots()) {
            float[] values = step.tensors().get(slot.name());
            if (values[0] == 0) {
                Arrays.fill(values, 0.5f);
                Tensors.assign(ParameterLayout.view(step.state().parameters(), slot), values);
            }
        }
    }

    @Test
    void outcome_ofEqualWorkers_hasOneNorm() {
        try (TestStep step = resnet(4, 3, 2, 300)) {
            TrainStep.Outcome outcome = step.run(0, TestBatches.inOrder(new TestBatches(2, 4, 3).equal(0)), RATES);
            assertThat(outcome.workerSquaredNorm())
                    .isCloseTo(outcome.squaredNorm(), within(1e-5 * outcome.squaredNorm()));
        }
    }

    // --- what must not change a bit

    @Property(tries = 14)
    void weights_ofAnyLanesBucketsAndOrder_haveTheSameBits(
            @ForAll @IntRange(min = 1, max = 5) int lanes,
            @ForAll @IntRange(min = 1, max = 3000) int bucketFloats,
            @ForAll long seed) {
        try (TestStep step = resnet(6, 3, lanes, bucketFloats)) {
            Random random = new Random(seed);
            for (int s = 0; s < 3; s++) {
                step.run(s, TestBatches.shuffled(new TestBatches(4, 6, 3).of(s), random), RATES);
            }
            assertThat(step.weightsSha256()).isEqualTo(reference());
        }
    }

    private static String reference = "";

    private static String reference() {
        if (reference.isEmpty()) {
            try (TestStep step = resnet(6, 3, 1, ONE_BUCKET)) {
                for (int s = 0; s < 3; s++) {
                    step.run(s, TestBatches.inOrder(new TestBatches(4, 6, 3).of(s)), RATES);
                }
                reference = step.weightsSha256();
            }
        }
        return reference;
    }

    // --- overlap

    /** In the last worker's backward of this process: at its last gradient the first bucket is on its way already. */
    @Test
    void firstBucket_leavesBeforeTheLastBackwardEnds() {
        Recipe recipe = TestStep.recipe(4, 3, "model: {name: resnet8, width: 4}");
        FirstLeaves group = new FirstLeaves();
        List<VoidTensorHook> kept = new ArrayList<>();
        Supplier<ImageClassifier> network = () -> {
            ImageClassifier made = Models.create(recipe.model(), TestBatches.SHAPE, TestBatches.CLASSES);
            VoidTensorHook hook = new VoidTensorHook() {
                @Override
                public void call(TensorBase gradient) {
                    group.atLastGradient();
                }
            };
            kept.add(hook);
            try (StringTensorDict named = made.module().named_parameters()) {
                named.get("conv1.weight").register_hook(hook);
            }
            return made;
        };
        try (TestStep step =
                TestStep.create(recipe, network, 1, 300, (net, slots) -> net.initialize(1), () -> false, group)) {
            step.run(0, TestBatches.inOrder(new TestBatches(3, 4, 3).of(0)), RATES);
        }
        assertThat(group.seen).containsExactly(false, true);
        assertThat(kept).hasSize(2);
    }

    /** One of two processes; the other contributes nothing. */
    private static final class FirstLeaves implements Collective {
        private final CountDownLatch left = new CountDownLatch(1);
        private final List<Boolean> seen = new ArrayList<>();

        /** Waits for the first bucket in the second of this process's two workers; in the first it cannot leave. */
        void atLastGradient() {
            try {
                seen.add(left.await(seen.isEmpty() ? 0 : 20, TimeUnit.SECONDS));
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public int rank() {
            return 0;
        }

        @Override
        public int size() {
            return 2;
        }

        @Override
        public void allReduceSum(Tensor buffer) {
            left.countDown();
        }

        @Override
        public void allReduceSum(Topology topology, List<Tensor> partials) {
            left.countDown();
        }

        @Override
        public List<byte[]> allGather(byte[] mine) {
            return List.of(mine, mine);
        }

        @Override
        public boolean isBitwise() {
            return true;
        }

        @Override
        public void close() {}
    }

    // --- failures

    @ParameterizedTest
    @CsvSource({"1, 1, 0", "6, 1, 4", "6, 3, 4", "6, 3, 0"})
    void nonFiniteLoss_leavesTheStateAndNamesStepWorkerAndRate(int workers, int lanes, int bad) {
        try (TestStep step = resnet(workers, 3, lanes, 300)) {
            TestBatches batches = new TestBatches(3, workers, 3);
            step.run(0, TestBatches.inOrder(batches.of(0)), RATES);
            SortedMap<String, float[]> before = step.tensors();
            List<HostBatch> poisoned = batches.of(1);
            poisoned.get(bad).pixels().put(17, Float.NaN);
            assertThatThrownBy(() -> step.run(1, TestBatches.inOrder(poisoned), new Rates(0.125, 0.05, 0)))
                    .isInstanceOfSatisfying(LockstepException.class, e -> {
                        assertThat(e.kind()).isEqualTo(LockstepException.Kind.DIVERGED);
                        assertThat(e.exitCode()).isEqualTo(5);
                        assertThat(e)
                                .hasMessageContaining("loss = NaN")
                                .hasMessageContaining("step = 2, worker = " + bad + ", learning rate = 0.125");
                    });
            assertClose(step.tensors(), before, 0);
        }
    }

    @Test
    void nonFiniteGradientOfFiniteLoss_leavesTheState() {
        Recipe recipe = TestStep.recipe(3, 2, "model: {name: plain}");
        Supplier<PlainNet> network = () -> new PlainNet(1e30);
        try (TestStep step = TestStep.create(
                recipe,
                network,
                2,
                ONE_BUCKET,
                (net, slots) -> {
                    // Zero logits, so the loss is log(classes); its gradient has the factor 1e60.
                    for (Slot slot : slots) {
                        if (slot.name().startsWith("fc.")) {
                            Tensors.assign(
                                    net.module().named_parameters().get(slot.name()), new float[(int) slot.length()]);
                        }
                    }
                },
                () -> false)) {
            SortedMap<String, float[]> before = step.tensors();
            assertThatThrownBy(() -> step.run(0, TestBatches.inOrder(new TestBatches(3, 3, 2).of(0)), RATES))
                    .isInstanceOfSatisfying(
                            LockstepException.class,
                            e -> assertThat(e.kind()).isEqualTo(LockstepException.Kind.DIVERGED))
                    .hasMessageContaining("its gradient is not finite")
                    .hasMessageContaining("step = 1, worker = 0");
            assertClose(step.tensors(), before, 0);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void failureInTheData_surfacesUnchangedWhenAllLanesHaveEnded(int lanes) {
        for (Throwable failure :
                List.of(LockstepException.data("broken", "file = x", "fix"), new AssertionError("x"))) {
            try (TestStep step = resnet(6, 3, lanes, 300)) {
                Supplier<HostBatch> good = TestBatches.inOrder(new TestBatches(3, 6, 3).of(0));
                AtomicInteger asked = new AtomicInteger();
                AtomicInteger inside = new AtomicInteger();
                Supplier<HostBatch> next = () -> {
                    inside.incrementAndGet();
                    try {
                        if (asked.getAndIncrement() == 2) {
                            sneak(failure);
                        }
                        TestBatches.pause(5);
                        return good.get();
                    } finally {
                        inside.decrementAndGet();
                    }
                };
                Throwable seen = assertTimeoutPreemptively(
                        Duration.ofSeconds(30), () -> catchThrowable(() -> step.run(0, next, RATES)));
                assertThat(seen).isSameAs(failure);
                assertThat(inside).hasValue(0);
            }
        }
    }

    private static void sneak(Throwable failure) {
        if (failure instanceof Error error) {
            throw error;
        }
        throw (RuntimeException) failure;
    }

    @Test
    void stop_isSeenWhenOneWorkerSawIt() {
        AtomicInteger asked = new AtomicInteger();
        AtomicBoolean wanted = new AtomicBoolean();
        try (TestStep step = resnet(6, 3, 2, 300, () -> wanted.get() && asked.getAndIncrement() == 3)) {
            TestBatches batches = new TestBatches(3, 6, 3);
            assertThat(step.run(0, TestBatches.inOrder(batches.of(0)), RATES).stop())
                    .isFalse();
            wanted.set(true);
            assertThat(step.run(1, TestBatches.inOrder(batches.of(1)), RATES).stop())
                    .isTrue();
            assertThat(step.run(2, TestBatches.inOrder(batches.of(2)), RATES).stop())
                    .isFalse();
        }
    }

    // ---

    private static void assertClose(SortedMap<String, float[]> a, SortedMap<String, float[]> b, double tolerance) {
        SortedMap<String, Double> apart = new TreeMap<>();
        assertThat(a.keySet()).isEqualTo(b.keySet());
        a.forEach((name, values) -> apart.put(name, largest(values, b.get(name))));
        assertThat(apart.entrySet().stream()
                        .filter(entry -> !(entry.getValue() <= tolerance))
                        .collect(Collectors.toList()))
                .isEmpty();
    }

    private static double largest(float[] a, float[] b) {
        assertThat(a).hasSameSizeAs(b);
        double largest = 0;
        for (int i = 0; i < a.length; i++) {
            double apart = Math.abs((double) a[i] - b[i]);
            largest = Double.isNaN(apart) ? Double.NaN : Math.max(largest, apart);
        }
        return largest;
    }
}
