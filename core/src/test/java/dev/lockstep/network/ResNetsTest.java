package dev.lockstep.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.recipe.Recipe;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ResNetsTest {
    private static final ClassificationTask CIFAR10 = new ClassificationTask(3, 32, 32, 10);
    private static final ClassificationTask IMAGENET = Shapes.IMAGENET;

    /** Parameters and running statistics of torchvision 0.15's state dicts; multiply-adds as torchvision publishes them. */
    @ParameterizedTest
    @CsvSource({
        "resnet18, 11689512, 9600, 1.814",
        "resnet34, 21797672, 17024, 3.664",
        "resnet50, 25557032, 53120, 4.089",
        "resnet101, 44549160, 105344, 7.801",
        "resnet152, 60192808, 151424, 11.514",
        "resnext50_32x4d, 25028904, 68224, 4.23",
        "wide_resnet50_2, 68883240, 68224, 11.398"
    })
    void shape_imagenetNetwork_hasThePublishedCounts(String name, long parameters, long statistics, double gigaMacs) {
        NetworkShape shape = shape(name, 0, IMAGENET);

        assertThat(shape.parameters()).isEqualTo(parameters);
        assertThat(shape.batchNormStatistics()).isEqualTo(statistics);
        assertThat(shape.forwardFlops() / 2e9).isCloseTo(gigaMacs, Percentage.withPercentage(1.5));
    }

    /** He et al. 2016 with shortcuts without parameters: 0.27, 0.46, 0.66, 0.85 and 1.7 million. */
    @ParameterizedTest
    @CsvSource({"resnet20, 269722", "resnet32, 464154", "resnet44, 658586", "resnet56, 853018", "resnet110, 1727962"})
    void shape_cifarNetwork_hasThePublishedCounts(String name, long parameters) {
        assertThat(shape(name, 16, CIFAR10).parameters()).isEqualTo(parameters);
        assertThat(shape(name, 0, CIFAR10)).isEqualTo(shape(name, 16, CIFAR10));
    }

    @ParameterizedTest
    @ValueSource(strings = {"resnext50_32x4d", "wide_resnet50_2"})
    void graph_anotherWidthOfAVariant_isRefused(String name) {
        assertThatThrownBy(() -> shape(name, 8, IMAGENET))
                .hasMessage("model.width = 8, model.name = " + name + " has fixed widths, leave model.width out");
    }

    @Test
    void shape_resnet20_takes41MillionMultiplyAdds() {
        assertThat(shape("resnet20", 16, CIFAR10).forwardFlops() / 2e6).isCloseTo(40.8, within(0.8));
    }

    @Test
    void shape_oneChannelAndOtherClasses_changesStemAndClassifierOnly() {
        NetworkShape gray = shape("resnet20", 16, new ClassificationTask(1, 28, 28, 7));

        assertThat(gray.parameters()).isEqualTo(269_722 - 2 * 16 * 9 - 3 * 65);
        assertThat(gray.inputFloats()).isEqualTo(784);
    }

    @Test
    void shape_doubleWidth_quadruplesConvolutions() {
        long narrow = shape("resnet8", 16, CIFAR10).parameters();
        long wide = shape("resnet8", 32, CIFAR10).parameters();

        assertThat((double) wide / narrow).isBetween(3.8, 4.0);
    }

    @Test
    void shape_largerImage_scalesWorkAndActivationsButNotParameters() {
        NetworkShape small = shape("resnet50", 0, new ClassificationTask(3, 112, 112, 1000));
        NetworkShape large = shape("resnet50", 0, IMAGENET);

        assertThat(small.parameters()).isEqualTo(large.parameters());
        assertThat(large.forwardFlops() / small.forwardFlops()).isCloseTo(4, Percentage.withPercentage(6));
        assertThat((double) large.activationFloats() / small.activationFloats())
                .isCloseTo(4, Percentage.withPercentage(6));
    }

    @Test
    void shape_smallestNetwork_keepsActivationsCountedByHand() {
        // Per image of resnet8 at 32×32 and width 16: image 3·32²; stem: convolution and ReLU; then three blocks of two
        // convolutions and two ReLUs at 16·32², 32·16², 64·8²; classifier: 64 means and 10 logits.
        long expected = 3 * 1024 + 2 * 16_384 + 4 * (16_384 + 8192 + 4096) + 64 + 10;

        assertThat(shape("resnet8", 16, CIFAR10).activationFloats()).isEqualTo(expected);
    }

    /** What PyTorch 2.0 saves for the backward pass, in floats an image (storages of saved tensors, without weights). */
    @ParameterizedTest
    @CsvSource({"resnet18, 5549760", "resnet50, 21503936"})
    void shape_imagenetNetwork_keepsWhatPyTorchSaves(String name, long floats) {
        assertThat((double) shape(name, 0, IMAGENET).activationFloats())
                .isCloseTo(floats, Percentage.withPercentage(0.5));
    }

    private static NetworkShape shape(String name, int width, ClassificationTask task) {
        return Shapes.of(new Recipe.Model(name, width, true), task);
    }
}
