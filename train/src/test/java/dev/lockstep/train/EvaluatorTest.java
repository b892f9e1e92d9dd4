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
import dev.lockstep.torch.Device;
import dev.lockstep.torch.Tensors;
import dev.lockstep.torch.TorchRuntime;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.Stream;
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
            List<ImageClassifier> replicas =
                    Stream.generate(EvaluatorTest::network).limit(lanes).toList();
            return new Evaluator(replicas, state, threads, group, 1e-5, imagesPerBatch, imagesPerPass, 2)
                    .evaluate(dataset, DATA.evaluationTransform(), BadImages.refused());
        }
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

    @Test
    void evaluation_leavesTheStateAlone() {
        float[] running = Tensors.toArray(state.running());
        float[] parameters = Tensors.toArray(state.parameters());
        alone(2, 9);
        assertThat(Tensors.toArray(state.running())).isEqualTo(running);
        assertThat(Tensors.toArray(state.parameters())).isEqualTo(parameters);
    }
}
