package dev.lockstep.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.collective.Collective;
import dev.lockstep.collective.SoloCollective;
import dev.lockstep.image.BadImages;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.model.FlatState;
import dev.lockstep.model.ImageClassifier;
import dev.lockstep.model.Models;
import dev.lockstep.model.ParameterLayout;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.topology.Topology;
import dev.lockstep.torch.Device;
import dev.lockstep.torch.Tensors;
import dev.lockstep.torch.TorchRuntime;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("slow")
class EvaluatorTest {
    private static final Recipe RECIPE = TestRuns.recipe();
    private static final OpenDataset DATA = TestRuns.data(RECIPE);
    private static FlatState state;

    @BeforeAll
    static void initialize() {
        TorchRuntime.load();
        ImageClassifier initial = network();
        // γ = 0 would hide the blocks.
        initial.initialize(4);
        state = new FlatState(ParameterLayout.of(initial.module(), RECIPE.optimizer()), initial);
    }

    private static ImageClassifier network() {
        return Models.create(
                TestRuns.recipe("model.zero-init-residual", "false").model(), DATA.shape(), DATA.classes());
    }

    private static Evaluator.Result evaluate(Collective group, Dataset dataset, int lanes, int imagesPerBatch) {
        return evaluate(group, dataset, lanes, imagesPerBatch, 4);
    }

    private static Evaluator.Result evaluate(
            Collective group, Dataset dataset, int lanes, int imagesPerBatch, int imagesPerPass) {
        try (LaneThreads threads = new LaneThreads(Device.cpu(), lanes, 1)) {
            return evaluator(threads, group, lanes, imagesPerBatch, imagesPerPass)
                    .evaluate(dataset, DATA.evaluationTransform(), BadImages.refused(), Evaluator.Listener.NONE);
        }
    }

    private static Evaluator evaluator(
            LaneThreads threads, Collective group, int lanes, int imagesPerBatch, int imagesPerPass) {
        List<ImageClassifier> replicas =
                Stream.generate(EvaluatorTest::network).limit(lanes).toList();
        return new Evaluator(replicas, state, threads, group, 1e-5, imagesPerBatch, imagesPerPass, 2);
    }

    private static Evaluator.Result alone(int lanes, int imagesPerBatch) {
        return evaluate(new SoloCollective(), DATA.validation(), lanes, imagesPerBatch);
    }

    @ParameterizedTest
    @CsvSource({"2, 5", "3, 5", "3, 37", "4, 100"})
    void result_ofAnyLanes_hasTheSameBits(int lanes, int imagesPerBatch) {
        assertThat(alone(lanes, imagesPerBatch)).isEqualTo(alone(1, imagesPerBatch));
    }

    @ParameterizedTest
    @CsvSource({"1", "7", "36", "37", "1000"})
    void result_ofAnyBatches_isTheSameToRounding(int imagesPerBatch) {
        Evaluator.Result reference = alone(1, 10);
        Evaluator.Result result = alone(2, imagesPerBatch);
        assertThat(result.top1Error()).isEqualTo(reference.top1Error());
        assertThat(result.top5Error()).isEqualTo(reference.top5Error());
        assertThat(result.loss()).isCloseTo(reference.loss(), within(1e-5));
        assertThat(reference.top1Error()).isBetween(0.3, 1.0);
        assertThat(reference.top5Error()).isLessThan(reference.top1Error());
    }

    @ParameterizedTest
    @CsvSource({"10, 1", "10, 3", "10, 1000", "37, 36", "1, 5"})
    void result_ofAnyPasses_isTheSameToRounding(int imagesPerBatch, int imagesPerPass) {
        Evaluator.Result reference = alone(1, 10);
        Evaluator.Result result = evaluate(new SoloCollective(), DATA.validation(), 2, imagesPerBatch, imagesPerPass);
        assertThat(result.top1Error()).isEqualTo(reference.top1Error());
        assertThat(result.top5Error()).isEqualTo(reference.top5Error());
        assertThat(result.loss()).isCloseTo(reference.loss(), within(1e-5));
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 10", "1, 3, 1", "2, 1, 7", "3, 2, 5", "5, 1, 37"})
    void evaluation_seesEveryImageOnce(int processes, int lanes, int imagesPerBatch) throws Exception {
        AtomicIntegerArray seen = new AtomicIntegerArray(DATA.validation().size());
        Dataset counting = new TestRuns.Watched(DATA.validation(), seen::incrementAndGet);
        List<Evaluator.Result> results =
                InMemoryGroup.play(processes, group -> evaluate(group, counting, lanes, imagesPerBatch));
        for (int i = 0; i < seen.length(); i++) {
            assertThat(seen.get(i)).as("image %d", i).isEqualTo(1);
        }
        assertThat(results).hasSize(processes).containsOnly(alone(1, imagesPerBatch));
    }

    /** Rank 0 hears of a change after two of its four batches; rank 1 measures all of its own, and is lost. */
    @Test
    void evaluation_continuesInTheNextGroup_withTheBatchesThatAreMissing() throws Exception {
        AtomicIntegerArray seen = new AtomicIntegerArray(DATA.validation().size());
        Dataset counting = new TestRuns.Watched(DATA.validation(), seen::incrementAndGet);
        List<Evaluator.Result> results = InMemoryGroup.play(2, group -> {
            Collective changing = new ChangeAfter(group, group.rank() == 0 ? 2 : Integer.MAX_VALUE);
            try (LaneThreads threads = new LaneThreads(Device.cpu(), 1, 1)) {
                Evaluator evaluator = evaluator(threads, changing, 1, 5, 4);
                Evaluator.Outcome cut =
                        evaluator.evaluate(7, counting, DATA.evaluationTransform(), BadImages.refused(), () -> false);
                assertThat(cut.result()).isEmpty();
                assertThat(cut.stop()).isFalse();
                evaluator.regroup(new SoloCollective());
                // Of another step: what was measured of step 7 is of no use.
                long step = group.rank() == 0 ? 7 : 8;
                Dataset again = group.rank() == 0 ? counting : DATA.validation();
                return evaluator
                        .evaluate(step, again, DATA.evaluationTransform(), BadImages.refused(), () -> false)
                        .result()
                        .orElseThrow();
            }
        });
        assertThat(results).containsOnly(alone(1, 5));
        // The first two batches of rank 0: 0 to 4, and 10 to 14.
        for (int image : new int[] {0, 4, 10, 14}) {
            assertThat(seen.get(image)).as("image %d", image).isEqualTo(1);
        }
        // Batch 1 was that of rank 1.
        assertThat(seen.get(5)).isEqualTo(2);
    }

    /** A group of which this process hears after some questions that it is to change. */
    private record ChangeAfter(Collective group, AtomicInteger left) implements Collective {
        ChangeAfter(Collective group, int questions) {
            this(group, new AtomicInteger(questions));
        }

        @Override
        public boolean isChangeDue() {
            return left.decrementAndGet() < 0;
        }

        @Override
        public int rank() {
            return group.rank();
        }

        @Override
        public int size() {
            return group.size();
        }

        @Override
        public void allReduceSum(Tensor buffer) {
            group.allReduceSum(buffer);
        }

        @Override
        public void allReduceSum(Topology topology, List<Tensor> partials) {
            group.allReduceSum(topology, partials);
        }

        @Override
        public List<byte[]> allGather(byte[] mine) {
            return group.allGather(mine);
        }

        @Override
        public boolean isBitwise() {
            return true;
        }

        @Override
        public void close() {}
    }

    @Test
    void evaluation_leavesTheStateAlone() {
        float[] running = Tensors.toArray(state.running());
        float[] parameters = Tensors.toArray(state.parameters());
        alone(2, 9);
        assertThat(Tensors.toArray(state.running())).isEqualTo(running);
        assertThat(Tensors.toArray(state.parameters())).isEqualTo(parameters);
    }
}
