package dev.lockstep.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class RecipeOverridesTest {
    private static final String YAML = """
            name: test
            epochs: 3
            workers: 8
            data: {dataset: mnist}
            model: {name: resnet8}
            learning-rate:
              reference: 0.2
              warmup: {kind: none}
            """;

    @Test
    void set_topLevelKey_replacesIt() {
        assertThat(with("workers", "64").workers()).isEqualTo(64);
    }

    @Test
    void set_nestedKey_keepsItsSiblings() {
        Recipe recipe = with("learning-rate.warmup.epochs", "2.5");

        assertThat(recipe.learningRate().warmup()).isEqualTo(new Recipe.WarmupSettings(Recipe.WarmupKind.NONE, 2.5));
        assertThat(recipe.learningRate().reference()).isEqualTo(0.2);
    }

    @Test
    void set_keyOfAnAbsentMap_makesTheMap() {
        Recipe recipe = with("optimizer.momentum", "0.5");

        assertThat(sgd(recipe).momentum()).isEqualTo(0.5);
        assertThat(sgd(recipe).nesterov()).isTrue();
    }

    @Test
    void set_twoKeysUnderOneParent_bothHold() {
        Recipe recipe = with("learning-rate.schedule.kind", "step", "learning-rate.schedule.epochs", "[1, 2.5]");

        assertThat(recipe.learningRate().schedule().kind()).isEqualTo(Recipe.ScheduleKind.STEP);
        assertThat(recipe.learningRate().schedule().epochs()).containsExactly(1.0, 2.5);
        assertThat(recipe.learningRate().warmup().kind()).isEqualTo(Recipe.WarmupKind.NONE);
    }

    @Test
    void set_keyInsideAnOverriddenMap_changesThatMap() {
        Recipe recipe = with("data", "{dataset: cifar10, image-size: 32}", "data.augmentation", "pad-crop-flip");

        assertThat(recipe.data())
                .isEqualTo(new Recipe.Data(
                        "cifar10", Recipe.Augmentation.PAD_CROP_FLIP, 32, Recipe.ColorAugmentation.NONE));
    }

    @Test
    void set_mapAfterAKeyInsideIt_replacesTheWhole() {
        Recipe recipe = with("optimizer.momentum", "0.5", "optimizer", "{weight-decay: 0}");

        assertThat(sgd(recipe).momentum()).isEqualTo(0.9);
        assertThat(recipe.optimizer().weightDecay()).isZero();
    }

    @Test
    void set_suppressOfACheck_addsToTheMap() {
        assertThat(with("suppress.no-warmup", "shown on purpose").suppress())
                .containsExactly(Map.entry("no-warmup", "shown on purpose"));
    }

    @Test
    void set_unknownKey_namesTheOverrideAndTheNearestKey() {
        assertThatThrownBy(() -> with("learning-rate.warmup.epoch", "2"))
                .hasMessage("unknown key 'learning-rate.warmup.epoch', --set learning-rate.warmup.epoch=2, "
                        + "did you mean 'epochs'?");
    }

    /** A suggestion that is nothing like it would mislead. */
    @Test
    void set_unknownKeyUnlikeAllOthers_listsThem() {
        assertThatThrownBy(() -> with("learning-rate.warmup.publish", "2"))
                .hasMessage("unknown key 'learning-rate.warmup.publish', --set learning-rate.warmup.publish=2, "
                        + "use one of kind, epochs");
    }

    @Test
    void set_valueOutOfRange_namesTheOverride() {
        assertThatThrownBy(() -> with("optimizer.momentum", "1.5"))
                .hasMessage("optimizer.momentum = 1.5, --set optimizer.momentum=1.5, must be at least 0 and below 1");
    }

    @Test
    void set_keyBelowASingleValue_isRefused() {
        assertThatThrownBy(() -> with("workers.count", "2"))
                .hasMessage("'workers' has no keys below it, --set workers.count=2, set it as a whole");
    }

    @Test
    void set_emptyOrBrokenValue_namesTheOverride() {
        assertThatThrownBy(() -> with("workers", "")).hasMessageContainingAll("workers = ''", "--set workers=");
        assertThatThrownBy(() -> with("workers", "#5")).hasMessageContainingAll("workers = ''", "--set workers=#5");
        assertThatThrownBy(() -> with("data", "{a"))
                .hasMessageContainingAll("not valid YAML", "--set data={a", "fix the syntax");
    }

    @Test
    void withWorkers_anotherK_changesMinibatchAndRateAndNothingElse() {
        Recipe recipe = with("workers", "8");
        Recipe large = recipe.withWorkers(256);

        assertThat(large.minibatch()).isEqualTo(8192);
        assertThat(large.scaledLearningRate()).isEqualTo(6.4);
        assertThat(large.withWorkers(8)).isEqualTo(recipe);
    }

    @Property
    void withers_changeTheirKeyAsAnOverrideDoes(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 1000) int number,
            @ForAll @IntRange(min = 2, max = 1000) int images) {
        Recipe recipe = with("optimizer.momentum", "0.5", "suppress.no-warmup", "shown on purpose");
        String text = Integer.toString(number);

        assertThat(recipe.withSeed(seed)).isEqualTo(recipe.with(Map.of("seed", Long.toString(seed))));
        assertThat(recipe.withName("n" + number)).isEqualTo(recipe.with(Map.of("name", "n" + number)));
        assertThat(recipe.withEpochs(number)).isEqualTo(recipe.with(Map.of("epochs", text)));
        assertThat(recipe.withWorkers(number)).isEqualTo(recipe.with(Map.of("workers", text)));
        assertThat(recipe.withImagesPerWorker(images))
                .isEqualTo(recipe.with(Map.of("images-per-worker", Integer.toString(images))));
        Recipe other = with("data.dataset", "cifar10", "model.width", text, "learning-rate.reference", "0.3");
        assertThat(with("workers", "8")
                        .withData(other.data())
                        .withModel(other.model())
                        .withLearningRate(other.learningRate()))
                .isEqualTo(other);
    }

    @Test
    void withers_valueOutOfRange_isRefused() {
        assertThatThrownBy(() -> with("seed", "1").withWorkers(0)).hasMessageStartingWith("workers = 0, ");
        assertThatThrownBy(() -> with("seed", "1").with(Map.of("workers", "0")))
                .hasMessageStartingWith("workers = 0, --set workers=0, ");
    }

    @Test
    void withWeights_changesNothingElseOfTheModel() {
        String weights = "sha256:" + "0a".repeat(32);
        Recipe.Model model =
                with("model.width", "4", "model.zero-init-residual", "false").model();

        assertThat(model.withWeights(weights)).isEqualTo(new Recipe.Model("resnet8", 4, false, weights));
    }

    @Test
    void with_nestedKey_isTheSameAsReadingWithTheOverride() {
        Map<String, String> overrides = Map.of("learning-rate.scaling", "square-root");

        assertThat(with("workers", "8").with(overrides)).isEqualTo(RecipeFile.parse(YAML, "test.yaml", overrides));
    }

    private static SgdSettings sgd(Recipe recipe) {
        return (SgdSettings) recipe.optimizer();
    }

    private static Recipe with(String... keysAndValues) {
        Map<String, String> overrides = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            overrides.put(keysAndValues[i], keysAndValues[i + 1]);
        }
        return RecipeFile.parse(YAML, "test.yaml", overrides);
    }
}
