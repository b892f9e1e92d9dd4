package dev.lockstep.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.collective.SoloCollective;
import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.model.Models;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("slow")
class ReferenceTrainingTest {
    private static final String RECIPE = """
            name: reference
            seed: 3
            epochs: 2
            workers: 6
            images-per-worker: 4
            data: {dataset: 'synthetic:images=130,validation=16,shape=3x12x12,classes=4', augmentation: pad-crop-flip}
            model: {name: resnet8, width: 4, zero-init-residual: true}
            learning-rate:
              reference: 0.1
              reference-minibatch: 8
              warmup: {kind: gradual, epochs: 1}
              schedule: {kind: step, epochs: [1.4], factor: 0.1}
            """;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "form: gradient, nesterov: true, weight-decay-rate: scaled",
                "form: gradient, nesterov: false, weight-decay-rate: reference",
                "form: velocity, nesterov: true, weight-decay-rate: scaled",
                "form: velocity, nesterov: false, momentum-correction: false, weight-decay-rate: reference",
                "kind: averaged-momentum",
                "kind: lars, trust-coefficient: 0.02"
            })
    void trainer_agreesWithFloat64(String optimizer) {
        Recipe recipe =
                RecipeFile.parse(RECIPE, "test", Map.of("optimizer", "{weight-decay: 0.01, " + optimizer + "}"));
        OpenDataset data = Datasets.open(recipe.data(), Optional.empty());
        int steps = 8;
        try (Assembly parts = new Assembly(
                recipe,
                Models::create,
                data,
                new SoloCollective(),
                RunOptions.defaults().withLanes(2).withStopAfter(steps),
                new StopSignal())) {
            Trainer trainer = parts.begin();
            trainer.run(event -> {});
            var reference = new ReferenceTraining(recipe, data, Models::create).weightsAfter(steps);
            var weights = Checkpoint.tensors(parts.state(), steps);
            double distance = ReferenceTraining.distance(weights, reference);
            assertThat(distance).isBetween(1e-9, 2e-5);
        }
    }
}
