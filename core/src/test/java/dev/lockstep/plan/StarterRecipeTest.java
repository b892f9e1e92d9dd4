package dev.lockstep.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.plan.StarterRecipe.Choice;
import dev.lockstep.plan.StarterRecipe.Facts;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class StarterRecipeTest {
    private static final Choice FREE = new Choice(Optional.empty(), false);

    private static StarterRecipe starter(int images, int side, Choice choice) {
        return new StarterRecipe(new Facts("my photos", images, 3, 5, 50, side, false, 0.2), choice);
    }

    private static Recipe recipe(StarterRecipe starter) {
        return RecipeFile.parse(starter.yaml(), "starter", Map.of());
    }

    /** Whatever the images: a valid recipe about which no check warns, and one minibatch at least. */
    @Property(tries = 500)
    void yaml_isARecipeWithoutWarnings(
            @ForAll @IntRange(min = 16, max = 2_000_000) int many,
            @ForAll @IntRange(min = 16, max = 800) int few,
            @ForAll @IntRange(min = 8, max = 4000) int side,
            @ForAll boolean pretrained) {
        for (int images : new int[] {many, few}) {
            Recipe recipe = recipe(starter(images, side, new Choice(Optional.empty(), pretrained)));
            assertThat(recipe.minibatch()).isLessThanOrEqualTo(images);
            assertThat(RangeSweep.trial(recipe, 0.1, 60, images)
                            .minibatchPlan(images)
                            .iterationsPerEpoch())
                    .isPositive();
            assertThat(recipe.data().validationSplit()).isEqualTo(0.2);
            assertThat(Checks.run(recipe, images))
                    .filteredOn(Finding::isWarning)
                    .isEmpty();
        }
    }

    @Test
    void numbers_followTheImages() {
        Recipe photographs = recipe(starter(99, 480, FREE));
        assertThat(photographs.name()).isEqualTo("my-photos");
        assertThat(photographs.model().name()).isEqualTo("resnet18");
        assertThat(photographs.data().imageSize()).isEqualTo(64);
        assertThat(photographs.minibatch()).isEqualTo(16);
        assertThat(photographs.epochs()).isEqualTo(60);
        assertThat(photographs.suppress()).containsOnlyKeys("epoch-iterations");

        Recipe digits = recipe(starter(8000, 28, FREE));
        assertThat(digits.model().name()).isEqualTo("resnet8");
        assertThat(digits.data().imageSize()).isEqualTo(28);
        assertThat(digits.data().augmentation()).isEqualTo(Recipe.Augmentation.NONE);
        assertThat(digits.workers()).isEqualTo(8);
        assertThat(digits.imagesPerWorker()).isEqualTo(32);
        assertThat(digits.suppress()).isEmpty();

        Recipe many = recipe(starter(1_000_000, 400, FREE));
        assertThat(many.model().name()).isEqualTo("resnet50");
        assertThat(many.data().imageSize()).isEqualTo(224);
        assertThat(many.epochs()).isEqualTo(90);
    }

    @Test
    void choice_isTaken() {
        Recipe asked = recipe(starter(3000, 480, new Choice(Optional.of("resnet20"), false)));
        assertThat(asked.model().name()).isEqualTo("resnet20");
        assertThat(asked.data().imageSize()).isEqualTo(32);
        Recipe tuned = recipe(starter(3000, 480, new Choice(Optional.of("resnet34"), true)));
        assertThat(tuned.data().imageSize()).isEqualTo(224);
        assertThat(tuned.learningRate().reference()).isEqualTo(0.05);
        assertThat(tuned.epochs()).isLessThanOrEqualTo(20);
    }

    @Test
    void tooFewImages_areRefused() {
        assertThatThrownBy(() -> starter(15, 100, FREE))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("too few images to train on")
                .hasMessageContaining("training images = 15");
    }
}
