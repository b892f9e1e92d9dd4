package dev.lockstep.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.recipe.Recipe;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShuffleNetsTest {
    /** Parameters and running statistics of torchvision 0.28's state dicts; multiply-adds as torchvision publishes them. */
    @ParameterizedTest
    @CsvSource({
        "shufflenet_v2_x0_5, 1366792, 7952, 0.04",
        "shufflenet_v2_x1_0, 2278604, 16180, 0.145",
        "shufflenet_v2_x1_5, 3503624, 23440, 0.296",
        "shufflenet_v2_x2_0, 7393996, 33716, 0.583"
    })
    void shape_hasThePublishedCounts(String name, long parameters, long statistics, double gigaMacs) {
        NetworkShape shape = Shapes.of(name, Shapes.IMAGENET);

        assertThat(shape.parameters()).isEqualTo(parameters);
        assertThat(shape.batchNormStatistics()).isEqualTo(statistics);
        // Batch norm and ReLU, which torchvision leaves out, count here.
        assertThat(shape.forwardFlops() / 2e9).isCloseTo(gigaMacs, Percentage.withPercentage(7));
    }

    @Test
    void graph_anotherWidth_isRefused() {
        assertThatThrownBy(() -> Shapes.of(new Recipe.Model("shufflenet_v2_x0_5", 8, true), Shapes.IMAGENET))
                .hasMessage("model.width = 8, model.name = shufflenet_v2_x0_5 has fixed widths, leave model.width out");
    }
}
