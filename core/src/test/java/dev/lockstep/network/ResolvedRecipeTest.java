package dev.lockstep.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResolvedRecipeTest {
    private static final ClassificationTask SMALL = new ClassificationTask(1, 28, 28, 10);

    private static Recipe recipe(String network) {
        return RecipeFile.read(Path.of("..", "recipes", "fashion-mnist.yaml"), Map.of("model.name", network));
    }

    @ParameterizedTest
    @CsvSource({"resnet20, 16", "resnet50, 64", "resnext50_32x4d, 64", "mobilenet_v2, 32", "shufflenet_v2_x1_0, 24"})
    void ownValues_becomeNumbers(String network, int width) {
        Recipe resolved = ResolvedRecipe.of(recipe(network), SMALL);
        assertThat(resolved.data().imageSize()).isEqualTo(28);
        assertThat(resolved.model().width()).isEqualTo(width);
    }

    @ParameterizedTest
    @CsvSource({"resnet20", "resnext50_32x4d", "mobilenet_v2", "shufflenet_v2_x1_0"})
    void network_isTheSame(String network) {
        Recipe recipe = recipe(network);
        assertThat(Shapes.of(ResolvedRecipe.of(recipe, SMALL).model(), SMALL))
                .isEqualTo(Shapes.of(recipe.model(), SMALL));
    }

    @Test
    void givenValues_stay() {
        Recipe given = recipe("resnet20").with(Map.of("model.width", "8", "data.image-size", "14"));
        assertThat(ResolvedRecipe.of(given, new ClassificationTask(1, 14, 14, 10)))
                .isEqualTo(given);
        Recipe resolved = ResolvedRecipe.of(recipe("resnet20"), SMALL);
        assertThat(ResolvedRecipe.of(resolved, SMALL)).isEqualTo(resolved);
    }

    @Test
    void whatNoNumberSays_stays() {
        Recipe wide = ResolvedRecipe.of(recipe("resnet20"), new ClassificationTask(1, 28, 32, 10));
        assertThat(wide.data().imageSize()).isZero();
        assertThat(ResolvedRecipe.of(recipe("of_somebody_else"), SMALL).model().width())
                .isZero();
    }
}
