package dev.lockstep.train;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.checkpoint.Checkpoint;
import dev.lockstep.checkpoint.HostTensor;
import dev.lockstep.checkpoint.Weights;
import dev.lockstep.collective.SoloCollective;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.model.ModelFactory;
import dev.lockstep.model.Models;
import dev.lockstep.recipe.Recipe;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Labels that are no class and networks with other outputs, as a program may give them. */
class LabelsTest {
    private static final Recipe RECIPE = TestRuns.recipe("epochs", "1");
    private static final RunOptions OPTIONS = RunOptions.defaults().withLanes(1).withStopAfter(1);

    /** One sample has another label. */
    private record Mislabeled(Dataset to, int sample, int wrong) implements Dataset {
        @Override
        public int size() {
            return to.size();
        }

        @Override
        public int label(int index) {
            return index == sample ? wrong : to.label(index);
        }

        @Override
        public ImageData image(int index) {
            return to.image(index);
        }

        @Override
        public List<String> classNames() {
            return to.classNames();
        }

        @Override
        public String fingerprint() {
            return to.fingerprint();
        }
    }

    private static void train(OpenDataset data, ModelFactory models) {
        try (Assembly parts = new Assembly(RECIPE, models, data, new SoloCollective(), OPTIONS, new StopSignal())) {
            parts.begin().run(event -> {});
        }
    }

    private static OpenDataset data(Dataset training, Dataset validation) {
        OpenDataset data = TestRuns.data(RECIPE);
        return new OpenDataset(data.spec(), training, validation, data.trainingTransform(), data.evaluationTransform());
    }

    @Test
    void train_labelOutsideTheClasses_isRefusedBeforeTheFirstStep() {
        OpenDataset good = TestRuns.data(RECIPE);
        assertThatThrownBy(() ->
                        train(data(new Mislabeled(good.training(), 129, 7), good.validation()), Models::create))
                .isInstanceOf(LockstepException.class)
                .hasMessage(
                        "label = 7 is outside the classes, training sample = 129, classes = 7, give every sample a label"
                                + " from 0 to 6, or name more classes");
        assertThatThrownBy(() -> train(data(good.training(), new Mislabeled(good.validation(), 3, -1)), Models::create))
                .hasMessageStartingWith("label = -1 is outside the classes, validation sample = 3, ");
    }

    @Test
    void measure_labelOutsideTheClasses_namesTheSample() {
        OpenDataset good = TestRuns.data(RECIPE);
        try (Assembly parts = TestRuns.assembly(RECIPE, OPTIONS)) {
            Map<String, HostTensor> tensors = new LinkedHashMap<>(Checkpoint.tensors(parts.state(), 0));
            tensors.keySet().removeIf(name -> name.startsWith("optimizer."));
            Weights weights = new Weights("test", tensors);
            try (Classifier classifier = new Classifier(RECIPE, Models::create, good.shape(), 7, weights, 1, 1)) {
                assertThatThrownBy(() -> classifier.measure(
                                new Mislabeled(good.validation(), 35, 8), good.evaluationTransform()))
                        .hasMessageStartingWith("label = 8 is outside the classes, sample = 35, classes = 7, ");
            }
        }
    }

    @Test
    void train_networkWithOtherOutputs_isRefusedWithTheSample() {
        int first = RECIPE.minibatchPlan(130).samples(0, 0, 0)[0];
        for (int outputs : new int[] {5, 9}) {
            assertThatThrownBy(() -> train(
                            TestRuns.data(RECIPE),
                            (settings, input, classes) -> Models.create(settings, input, outputs)))
                    .isInstanceOf(LockstepException.class)
                    .hasMessage("the network has other outputs than classes: shape of its outputs = [3, " + outputs
                            + "], classes = 7, sample = " + first + ", let it give each image one output per class");
        }
    }
}
