package dev.lockstep.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.image.catalog.DatasetSpec;
import dev.lockstep.image.catalog.Datasets;
import dev.lockstep.recipe.Recipe;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DatasetFactsTest {
    @ParameterizedTest
    @ValueSource(strings = {"fashion-mnist", "mnist", "cifar10", "cifar100"})
    void of_publicDataset_agreesWithTheCatalog(String name) {
        DatasetSpec spec = Datasets.spec(data(name, 0));

        assertThat(DatasetFacts.of(data(name, 0)))
                .contains(new DatasetFacts(
                        name,
                        orZero(spec.trainingImages()),
                        orZero(spec.validationImages()),
                        spec.shape().channels(),
                        spec.shape().height(),
                        spec.shape().width(),
                        orZero(spec.classes())));
    }

    @Test
    void of_otherImageSize_isWhatTheNetworkSees() {
        DatasetFacts facts = DatasetFacts.of(data("imagenet", 128)).orElseThrow();

        assertThat(facts.height()).isEqualTo(128);
        assertThat(facts.width()).isEqualTo(128);
        assertThat(facts.trainingImages()).isEqualTo(1_281_167);
    }

    @Test
    void of_unknownName_isEmpty() {
        assertThat(DatasetFacts.of(data("synthetic", 0))).isEmpty();
    }

    private static int orZero(OptionalInt number) {
        return number.orElse(0);
    }

    private static Recipe.Data data(String name, int imageSize) {
        return new Recipe.Data(name, Recipe.Augmentation.NONE, imageSize, Recipe.ColorAugmentation.NONE);
    }
}
