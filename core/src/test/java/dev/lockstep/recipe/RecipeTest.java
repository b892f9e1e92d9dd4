package dev.lockstep.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.schedule.LearningRate;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class RecipeTest {
    private static final String PAPER_8K = """
            name: paper-8k
            epochs: 90
            workers: 256
            data: {dataset: imagenet}
            model: {name: resnet50}
            learning-rate:
              warmup: {kind: gradual, epochs: 5}
              schedule: {kind: step, epochs: [30, 60, 80], factor: 0.1}
            """;

    private static Recipe paper(String... keyAndValue) {
        return RecipeFile.parse(
                PAPER_8K, "test", keyAndValue.length == 0 ? Map.of() : Map.of(keyAndValue[0], keyAndValue[1]));
    }

    @Test
    void schedule_paper8k_warmsUpThenDecaysAtEpochs30_60_80() {
        LearningRate rate = paper().schedule(156);

        assertThat(rate.at(0)).isEqualTo(0.1);
        assertThat(rate.at(390)).isCloseTo(1.65, within(1e-12));
        assertThat(rate.at(780)).isEqualTo(3.2);
        assertThat(rate.at(30 * 156 - 1)).isEqualTo(3.2);
        assertThat(rate.at(30 * 156)).isCloseTo(0.32, within(1e-12));
        assertThat(rate.at(60 * 156)).isCloseTo(0.032, within(1e-12));
        assertThat(rate.at(80 * 156)).isCloseTo(0.0032, within(1e-12));
    }

    @Test
    void schedule_fractionalWarmup_isRoundedToWholeIterations() {
        Recipe recipe = paper("learning-rate.warmup.epochs", "0.25");

        assertThat(recipe.warmupIterations(156)).isEqualTo(39);
        assertThat(recipe.schedule(156).at(39)).isEqualTo(3.2);
        assertThat(recipe.schedule(156).at(38)).isLessThan(3.2);
    }

    @Test
    void schedule_cosine_endsAtZero() {
        Recipe recipe = paper("learning-rate.schedule.kind", "cosine");

        assertThat(recipe.schedule(156).at(90 * 156)).isZero();
        assertThat(recipe.schedule(156).at(45 * 156)).isCloseTo(1.6, within(1e-12));
    }

    @Test
    void schedule_noWarmup_startsAtTheScaledRate() {
        Recipe recipe = paper("learning-rate.warmup.kind", "none");

        assertThat(recipe.warmupIterations(156)).isZero();
        assertThat(recipe.schedule(156).at(0)).isEqualTo(3.2);
    }

    @Test
    void schedule_constantWarmup_jumpsToTheScaledRate() {
        LearningRate rate = paper("learning-rate.warmup.kind", "constant").schedule(156);

        assertThat(rate.at(779)).isEqualTo(0.1);
        assertThat(rate.at(780)).isEqualTo(3.2);
    }

    @Property
    void withWorkers_anyK_scalesRateByTheRuleAndLeavesEpochsAlone(@ForAll @IntRange(min = 8, max = 65_536) int k) {
        Recipe recipe = paper().withWorkers(k);

        assertThat(recipe.minibatch()).isEqualTo(32 * k);
        assertThat(recipe.scaledLearningRate()).isCloseTo(0.1 * k / 8, within(1e-9));
        assertThat(recipe.schedule(7).at(0)).isCloseTo(0.1, within(1e-12));
        assertThat(recipe.schedule(7).at(35)).isEqualTo(recipe.scaledLearningRate());
        assertThat(recipe.schedule(7).at(210)).isCloseTo(recipe.scaledLearningRate() / 10, within(1e-9));
    }
}
