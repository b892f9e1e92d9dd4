package dev.lockstep.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.recipe.Recipe;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

class MobileNetsTest {
    /** Parameters and running statistics of torchvision 0.28's state dict; multiply-adds as torchvision publishes them. */
    @Test
    void shape_hasThePublishedCounts() {
        NetworkShape shape = Shapes.of("mobilenet_v2", Shapes.IMAGENET);

        assertThat(shape.parameters()).isEqualTo(3_504_872);
        assertThat(shape.batchNormStatistics()).isEqualTo(34_112);
        // Batch norm and ReLU, which torchvision leaves out, count here.
        assertThat(shape.forwardFlops() / 2e9).isCloseTo(0.301, Percentage.withPercentage(7));
    }

    @Test
    void graph_anotherWidth_isRefused() {
        assertThatThrownBy(() -> Shapes.of(new Recipe.Model("mobilenet_v2", 8, true), Shapes.IMAGENET))
                .hasMessage("model.width = 8, model.name = mobilenet_v2 has fixed widths, leave model.width out");
    }
}
