package dev.lockstep.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.checkpoint.HostTensor;
import dev.lockstep.checkpoint.Weights;
import dev.lockstep.collective.Collective;
import dev.lockstep.collective.SoloCollective;
import dev.lockstep.image.ImageShape;
import dev.lockstep.model.Head;
import dev.lockstep.model.ModelFactory;
import dev.lockstep.model.Models;
import dev.lockstep.recipe.Recipe;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Frozen layers, factors of the learning rate, and new heads. */
@Tag("slow")
class FineTuningTest {
    private static final RunOptions OPTIONS = RunOptions.defaults().withLanes(1).withBucketFloats(500);
    private static final String FROZEN = "[conv1, bn1, layer1, layer2.0.bn1]";
    private static final String FACTORS = "{layer2: 0.5, layer2.0.conv1: 0.25, fc: 4}";

    private record Trained(Map<String, HostTensor> tensors, String sha256) {}

    private static Trained train(Recipe recipe, RunOptions options) {
        return train(recipe, options, Models::create, new SoloCollective());
    }

    private static Trained train(Recipe recipe, RunOptions options, ModelFactory models, Collective group) {
        try (Assembly parts = new Assembly(recipe, models, TestRuns.data(recipe), group, options, new StopSignal())) {
            Trainer trainer = parts.begin();
            trainer.run(event -> {});
            return new Trained(Checkpoint.tensors(parts.state(), trainer.step()), trainer.weightsSha256());
        }
    }

    private static Recipe fineTuning(String... more) {
        Recipe recipe = TestRuns.recipe(more);
        return recipe.with(Map.of("model.frozen", FROZEN, "learning-rate.factors", FACTORS));
    }

    private static String values(HostTensor tensor) {
        return java.util.Arrays.toString(tensor.floats());
    }

    @Test
    void frozenLayers_keepWeightsAndStatistics_othersChange() {
        Map<String, HostTensor> initial = train(fineTuning(), OPTIONS.withStopAfter(0)).tensors;
        Map<String, HostTensor> trained = train(fineTuning(), OPTIONS).tensors;
        List<String> kept = List.of("conv1.", "bn1.", "layer1.", "layer2.0.bn1.");
        initial.forEach((name, before) -> {
            if (name.endsWith("num_batches_tracked") || name.startsWith("optimizer.")) {
                return;
            }
            boolean frozen = kept.stream().anyMatch(name::startsWith);
            assertThat(values(trained.get(name)).equals(values(before)))
                    .as(name)
                    .isEqualTo(frozen);
        });
    }

    @Test
    void weights_ofAnyLanesBucketsAndProcesses_haveTheSameBits() throws Exception {
        Recipe recipe = fineTuning("epochs", "1");
        String reference = train(recipe, OPTIONS).sha256;
        assertThat(reference).isNotEqualTo(train(TestRuns.recipe("epochs", "1"), OPTIONS).sha256);
        assertThat(train(recipe, OPTIONS.withLanes(3)).sha256).isEqualTo(reference);
        for (int floats : new int[] {1, 2000, 1 << 20}) {
            assertThat(train(recipe, OPTIONS.withBucketFloats(floats)).sha256)
                    .as("floats of a bucket = %d", floats)
                    .isEqualTo(reference);
        }
        for (int processes : new int[] {2, 3}) {
            List<String> hashes =
                    InMemoryGroup.play(processes, group -> train(recipe, OPTIONS, Models::create, group).sha256);
            assertThat(hashes).as("processes = %d", processes).containsOnly(reference);
        }
    }

    @ParameterizedTest
    @CsvSource({"gradient, true", "velocity, true", "gradient, false"})
    void factors_ofAllLayers_areAnotherRate(String form, boolean nesterov) {
        Function<String, Recipe> at = rate -> TestRuns.recipe(
                "learning-rate.reference",
                rate,
                "optimizer.form",
                form,
                "optimizer.nesterov",
                String.valueOf(nesterov));
        Recipe halved = at.apply("0.1")
                .with(Map.of(
                        "learning-rate.factors",
                        "{conv1: 0.5, bn1: 0.5, layer1: 0.5, layer2: 0.5, layer3: 0.5, fc: 0.5}"));
        assertThat(train(halved, OPTIONS).sha256).isEqualTo(train(at.apply("0.05"), OPTIONS).sha256);
    }

    @Test
    void trainer_agreesWithFloat64() {
        for (String kind : List.of("sgd", "lars")) {
            Recipe recipe = fineTuning("optimizer.kind", kind);
            int steps = 8;
            Trained trained = train(recipe, OPTIONS.withLanes(2).withStopAfter(steps));
            var reference = new ReferenceTraining(recipe, TestRuns.data(recipe), Models::create).weightsAfter(steps);
            assertThat(ReferenceTraining.distance(trained.tensors, new TreeMap<>(reference)))
                    .as(kind)
                    .isBetween(1e-10, 2e-5);
        }
    }

    @Test
    void unknownLayers_areRefusedWithTheNearest() {
        assertThatThrownBy(() -> train(TestRuns.recipe("model.frozen", "[conv1, layr1]"), OPTIONS))
                .hasMessage(
                        "model.frozen names no layer: layr1, model.name = resnet8, did you mean 'layer1'? use layers"
                                + " such as conv1, bn1, layer1, layer2, layer3, fc");
        assertThatThrownBy(() -> train(TestRuns.recipe("learning-rate.factors", "{layer: 2}"), OPTIONS))
                .hasMessageStartingWith("learning-rate.factors names no layer: layer, ");
        assertThatThrownBy(() ->
                        train(TestRuns.recipe("model.frozen", "[conv1, bn1, layer1, layer2, layer3, fc]"), OPTIONS))
                .hasMessageStartingWith("every layer is frozen, ");
    }

    @Test
    void newHead_isDrawnFromTheSeed_otherLayersAreGiven() {
        Recipe first = TestRuns.recipe("epochs", "1");
        Map<String, HostTensor> tensors = new TreeMap<>(train(first, OPTIONS).tensors);
        tensors.keySet().removeIf(name -> name.startsWith("optimizer."));
        Weights weights = new Weights("test", tensors);
        String classes = "synthetic:images=130,validation=37,shape=3x8x8,classes=5";
        Recipe recipe = TestRuns.recipe("data.dataset", "'" + classes + "'", "model.new-head", "true", "seed", "9");
        ImageShape input = new ImageShape(3, 8, 8);
        assertThat(Head.of(recipe.model(), input)).isEqualTo("fc");
        Recipe given = InitialWeights.name(weights, recipe, input);
        assertThat(given.model().weights()).isEqualTo(weights.without("fc").id());
        ModelFactory models = InitialWeights.of(weights, Models::create);

        Map<String, HostTensor> started = train(given, OPTIONS.withStopAfter(0), models, new SoloCollective()).tensors;
        Map<String, HostTensor> fromSeed =
                train(recipe.with(Map.of("model.new-head", "false")), OPTIONS.withStopAfter(0)).tensors;
        weights.tensors().forEach((name, tensor) -> {
            if (!name.endsWith("num_batches_tracked")) {
                Map<String, HostTensor> origin = name.startsWith("fc.") ? fromSeed : weights.tensors();
                assertThat(values(started.get(name))).as(name).isEqualTo(values(origin.get(name)));
            }
        });
        assertThat(started.get("fc.weight").shape()).isEqualTo(new long[] {5, 16});

        Recipe otherWeights = recipe.withModel(recipe.model().withWeights(weights.id()));
        assertThatThrownBy(() -> train(otherWeights, OPTIONS, models, new SoloCollective()))
                .hasMessageStartingWith("training would not start from the weights that the recipe names");
        assertThatThrownBy(() -> train(recipe, OPTIONS, models, new SoloCollective()))
                .hasMessageStartingWith("a new head needs weights for the other layers");
        Recipe oldHead = given.with(Map.of("model.new-head", "false"));
        assertThatThrownBy(() -> train(oldHead, OPTIONS, models, new SoloCollective()))
                .hasMessageContaining("fc.weight F32[7, 16] instead of F32[5, 16]")
                .hasMessageEndingWith("or train a new head");
    }

    @Test
    void balancedSampling_changesTheWeights_inTheSameWayForAnyProcesses() throws Exception {
        Recipe recipe = TestRuns.recipe("epochs", "1", "data.sampling", "balanced");
        String reference = train(recipe, OPTIONS).sha256;
        assertThat(reference).isNotEqualTo(train(TestRuns.recipe("epochs", "1"), OPTIONS).sha256);
        assertThat(InMemoryGroup.play(3, group -> train(recipe, OPTIONS, Models::create, group).sha256))
                .containsOnly(reference);
    }
}
