package dev.lockstep.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.collective.Collective;
import dev.lockstep.collective.SoloCollective;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.BadImages;
import dev.lockstep.image.HostBatch;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.model.FlatState;
import dev.lockstep.model.ImageClassifier;
import dev.lockstep.model.Models;
import dev.lockstep.model.ParameterLayout;
import dev.lockstep.optim.Optimizer.Rates;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.Tensors;
import dev.lockstep.torch.TorchRuntime;
import dev.lockstep.train.StrictDevice.Trait;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Training on a device other than the CPU's own: a {@link StrictDevice}. */
class DeviceTest {
    private static final Rates RATES = new Rates(0.05, 0.05, 1e-3);
    private static final int WORKERS = 4;
    private static final int STEPS = 3;
    private static final TestBatches BATCHES = new TestBatches(4, WORKERS, 3);

    private static TestStep step(Collective group, Device device, int lanes, long bucketFloats, String... more) {
        List<String> lines = new ArrayList<>(List.of(more));
        lines.add("model: {name: resnet8, width: 4}");
        return step(group, device, lanes, bucketFloats, lines);
    }

    private static TestStep step(Collective group, Device device, int lanes, long bucketFloats, List<String> lines) {
        Recipe recipe = TestStep.recipe(WORKERS, 3, lines.toArray(String[]::new));
        return TestStep.create(
                recipe,
                () -> Models.create(recipe.model(), TestBatches.SHAPE, TestBatches.CLASSES),
                lanes,
                bucketFloats,
                (network, slots) -> network.initialize(1),
                () -> false,
                group,
                device);
    }

    /** The batches of this process's workers. */
    private static List<HostBatch> batches(Collective group, long step) {
        int own = WORKERS / group.size();
        return BATCHES.of(step).subList(own * group.rank(), own * (group.rank() + 1));
    }

    private static String weights(Collective group, Device device, int lanes, long bucketFloats) {
        try (TestStep step = step(group, device, lanes, bucketFloats)) {
            for (int s = 0; s < STEPS; s++) {
                step.run(s, TestBatches.inOrder(batches(group, s)), RATES);
            }
            return step.weightsSha256();
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 300", "1, 3, 300", "1, 2, 1000000", "2, 2, 300", "4, 1, 300"})
    void weights_ofAnotherDevice_haveTheSameBits(int processes, int lanes, long bucketFloats) throws Exception {
        String onCpu = weights(new SoloCollective(), Device.cpu(), 1, 1000000);
        assertThat(InMemoryGroup.play(processes, group -> weights(group, new StrictDevice(), lanes, bucketFloats)))
                .hasSize(processes)
                .containsOnly(onCpu);
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 300", "1, 3, 300", "2, 2, 300"})
    void weights_withoutHooks_haveTheSameBits(int processes, int lanes, long bucketFloats) throws Exception {
        String onCpu = weights(new SoloCollective(), Device.cpu(), 1, 1000000);
        assertThat(InMemoryGroup.play(
                        processes, group -> weights(group, new StrictDevice(Trait.NO_HOOKS), lanes, bucketFloats)))
                .containsOnly(onCpu);
    }

    @ParameterizedTest
    @CsvSource({"1, 300", "2, 1000000"})
    void weights_ofReplayedOperations_haveTheSameBits(int lanes, long bucketFloats) {
        String onCpu = weights(new SoloCollective(), Device.cpu(), 1, 1000000);
        StrictDevice device = new StrictDevice(Trait.NO_HOOKS, Trait.RECORDS);
        assertThat(weights(new SoloCollective(), device, lanes, bucketFloats)).isEqualTo(onCpu);
        // The first three workers of each lane are computed as they are; a lane may have had fewer.
        assertThat(device.replays()).isBetween(WORKERS * STEPS - 3 * lanes, WORKERS * STEPS - 3);
    }

    /** Without autograd: each operation by hand, in the thread of the lane. */
    @ParameterizedTest
    @CsvSource({"resnet8, float32, 1e-6", "resnet8, bf16, 1e-3", "resnet18, float32, 1e-6", "resnet50, float32, 2e-6"})
    void weights_withoutAutograd_areThoseOfAutograd(String model, String precision, double most) {
        String name = model.equals("resnet8") ? "model: {name: resnet8, width: 4}" : "model: {name: " + model + "}";
        float[] autograd = parameters(name, precision, Trait.NO_HOOKS, Trait.BF16);
        float[] explicit = parameters(name, precision, Trait.NO_HOOKS, Trait.BF16, Trait.NORMS);
        double worst = 0;
        int changed = 0;
        for (int i = 0; i < autograd.length; i++) {
            worst = Math.max(worst, Math.abs(autograd[i] - explicit[i]));
            changed += autograd[i] == 0 ? 0 : 1;
        }
        assertThat(worst).isLessThan(most);
        assertThat(changed).isGreaterThan(autograd.length / 2);
    }

    /** After a step. */
    private static float[] parameters(String model, String precision, Trait... traits) {
        try (TestStep step = step(
                new SoloCollective(), new StrictDevice(traits), 1, 300, List.of(model, "precision: " + precision))) {
            step.run(0, TestBatches.inOrder(BATCHES.of(0)), RATES);
            return Tensors.toArray(step.state().parameters());
        }
    }

    @Test
    void weights_withoutAutograd_haveTheSameBitsForEveryDivision() throws Exception {
        Set<String> found = ConcurrentHashMap.newKeySet();
        for (int[] division : new int[][] {{1, 1, 300}, {1, 3, 300}, {1, 2, 1000000}, {2, 2, 300}, {4, 1, 300}}) {
            found.addAll(InMemoryGroup.play(
                    division[0],
                    group -> weights(group, new StrictDevice(Trait.NO_HOOKS, Trait.NORMS), division[1], division[2])));
        }
        StrictDevice replaying = new StrictDevice(Trait.NO_HOOKS, Trait.NORMS, Trait.RECORDS);
        found.add(weights(new SoloCollective(), replaying, 1, 300));
        assertThat(found).hasSize(1);
        assertThat(replaying.replays()).isEqualTo(WORKERS * STEPS - 3);
    }

    /** The check of the labels must not be recorded, as it reads the host's copy of them. */
    @Test
    void label_ofAReplayedWorker_isStillChecked() {
        try (TestStep step = step(new SoloCollective(), new StrictDevice(Trait.NO_HOOKS, Trait.RECORDS), 1, 300)) {
            step.run(0, TestBatches.inOrder(BATCHES.of(0)), RATES);
            List<HostBatch> wrong = BATCHES.of(1);
            wrong.get(1).labels()[0] = TestBatches.CLASSES;
            assertThatThrownBy(() -> step.run(1, TestBatches.inOrder(wrong), RATES))
                    .isInstanceOf(LockstepException.class)
                    .hasMessageContaining("label");
        }
    }

    @Test
    void tensors_areTakenOverByTheThreadsThatGetThem() throws Exception {
        Set<String> pairs = ConcurrentHashMap.newKeySet();
        InMemoryGroup.play(2, group -> {
            StrictDevice device = new StrictDevice();
            weights(group, device, 2, 300);
            device.takingOver().forEach(pair -> pairs.add(pair.replaceAll("-\\d+", "")));
            return pairs;
        });
        assertThat(pairs)
                .contains("lockstep-lane to lockstep-lane", "lockstep-lane to lockstep-exchange")
                .anyMatch(pair -> pair.startsWith("lockstep-exchange to ") && !pair.contains("lane"))
                .anyMatch(pair -> pair.endsWith(" to lockstep-lane") && !pair.startsWith("lockstep"));
    }

    @Test
    void bf16_computesWith16BitsAndUpdatesIn32() {
        float[] exact = gradients(new StrictDevice(Trait.NO_HOOKS), "precision: float32");
        float[] rounded = gradients(new StrictDevice(Trait.NO_HOOKS, Trait.BF16), "precision: bf16");
        double difference = 0;
        double norm = 0;
        int beyond = 0;
        for (int i = 0; i < exact.length; i++) {
            difference += Math.pow(exact[i] - rounded[i], 2);
            norm += Math.pow(exact[i], 2);
            // More digits than bf16 has: the weights are not stored in it.
            beyond += (Float.floatToRawIntBits(rounded[i]) & 0xFFFF) == 0 ? 0 : 1;
        }
        assertThat(Math.sqrt(difference / norm)).isBetween(1e-6, 0.05);
        assertThat(beyond).isGreaterThan(exact.length / 2);
    }

    /** The weights after a step. */
    private static float[] gradients(Device device, String precision) {
        try (TestStep step = step(new SoloCollective(), device, 1, 300, precision)) {
            step.run(0, TestBatches.inOrder(BATCHES.of(0)), RATES);
            return Tensors.toArray(step.state().parameters());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tf32", "bf16"})
    void precision_thatTheDeviceLacks_isRefused(String precision) {
        assertThatThrownBy(() -> step(new SoloCollective(), Device.cpu(), 1, 300, "precision: " + precision))
                .isInstanceOf(LockstepException.class)
                .hasMessage("the device cannot compute with this precision, precision = " + precision
                        + ", device = cpu, use precision = float32, --device cuda, or engine = onednn for bf16");
    }

    @ParameterizedTest
    @CsvSource({"1, 300", "3, 300", "2, 1000000"})
    void step_readsTheTailOnceAndNothingElse(int lanes, long bucketFloats) {
        StrictDevice device = new StrictDevice();
        try (TestStep step = step(new SoloCollective(), device, lanes, bucketFloats)) {
            for (int s = 0; s < STEPS; s++) {
                step.run(s, TestBatches.inOrder(BATCHES.of(s)), RATES);
                assertThat(device.takeReads()).containsExactly(GradientBuffer.TAIL);
            }
        }
    }

    @Test
    void step_thatDiverges_readsTheTailsOfItsWorkersToo() {
        StrictDevice device = new StrictDevice();
        try (TestStep step = step(new SoloCollective(), device, 2, 300)) {
            List<HostBatch> poisoned = BATCHES.of(0);
            poisoned.get(2).pixels().put(17, Float.NaN);
            assertThatThrownBy(() -> step.run(0, TestBatches.inOrder(poisoned), RATES))
                    .isInstanceOf(LockstepException.class)
                    .hasMessageContaining("worker = 2");
            assertThat(device.takeReads()).containsExactly(GradientBuffer.TAIL, WORKERS * GradientBuffer.TAIL);
        }
    }

    /** Every thread whose tensors another thread takes: the caller, the lanes and the exchange. */
    @Test
    void step_handsOverOnEveryThreadThatComputes() throws Exception {
        Set<String> threads = ConcurrentHashMap.newKeySet();
        InMemoryGroup.play(2, group -> {
            StrictDevice device = new StrictDevice();
            weights(group, device, 2, 300);
            Set<String> kinds = new TreeSet<>();
            device.handingOver().forEach(name -> kinds.add(name.replaceAll("-\\d+", "")));
            threads.addAll(kinds);
            return kinds;
        });
        assertThat(threads).contains("lockstep-lane", "lockstep-exchange").hasSize(3);
    }

    @Test
    void evaluation_readsTheDeviceOnceAndGivesTheSame() {
        TorchRuntime.load();
        Recipe recipe = TestRuns.recipe("model.zero-init-residual", "false");
        OpenDataset data = TestRuns.data(recipe);
        StrictDevice device = new StrictDevice();
        assertThat(evaluate(recipe, data, device)).isEqualTo(evaluate(recipe, data, Device.cpu()));
        assertThat(device.takeReads()).hasSize(1);
    }

    private static Evaluator.Result evaluate(Recipe recipe, OpenDataset data, Device device) {
        List<ImageClassifier> networks = IntStream.range(0, 3)
                .mapToObj(i -> Models.create(recipe.model(), data.shape(), data.classes()))
                .toList();
        ImageClassifier initial = networks.get(0);
        initial.initialize(4);
        FlatState state = new FlatState(device, ParameterLayout.of(initial.module(), recipe.optimizer()), initial);
        try (LaneThreads threads = new LaneThreads(device, 2, 1)) {
            return new Evaluator(networks.subList(1, 3), state, threads, new SoloCollective(), 1e-5, 10, 4, 2)
                    .evaluate(
                            data.validation(),
                            data.evaluationTransform(),
                            BadImages.refused(),
                            Evaluator.Listener.NONE);
        }
    }
}
