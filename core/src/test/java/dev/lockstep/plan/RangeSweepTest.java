package dev.lockstep.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.plan.RangeSweep.Trial;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.RecipeFile;
import dev.lockstep.schedule.LearningRate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class RangeSweepTest {
    private static RangeSweep sweep(double... losses) {
        double[] rates = RangeSweep.rates(0.01, 1.28, losses.length);
        List<Trial> trials = new ArrayList<>();
        for (int i = 0; i < losses.length; i++) {
            trials.add(new Trial(rates[i], losses[i]));
        }
        return new RangeSweep(trials);
    }

    private static final Recipe RECIPE = RecipeFile.parse("""
            name: large
            epochs: 90
            workers: 256
            data: {dataset: fashion-mnist}
            model: {name: resnet8}
            learning-rate:
              reference-minibatch: 128
              schedule: {kind: step, epochs: [30, 60, 80], factor: 0.2}
            """, "test", Map.of());

    /** In whatever part of an epoch the trial ends. */
    @Property
    void trial_rate_isThatOfTheTrialAndATenthOfItInTheLastThird(
            @ForAll @IntRange(min = 6, max = 5000) int steps, @ForAll @IntRange(min = 128, max = 100_000) int images) {
        Recipe trial = RangeSweep.trial(RECIPE, 0.3, steps, images);
        int perEpoch = Math.max(1, images / 128);
        LearningRate rates = trial.schedule(perEpoch);
        int fall = steps - steps / 3;
        assertThat((long) trial.epochs() * perEpoch).isGreaterThanOrEqualTo(steps);
        assertThat(rates.at(0)).isEqualTo(0.3);
        assertThat(rates.at(fall - 1)).isEqualTo(0.3);
        assertThat(rates.at(fall)).isCloseTo(0.03, within(1e-9));
        assertThat(rates.at(steps - 1)).isCloseTo(0.03, within(1e-9));
    }

    @Test
    void trial_runsTheReferenceMinibatchUnscaledAndKeepsTheRest() {
        Recipe trial = RangeSweep.trial(RECIPE, 0.3, 48, 60_000);
        assertThat(trial.minibatch()).isEqualTo(128);
        assertThat(trial.imagesPerWorker()).isEqualTo(32);
        assertThat(trial.scaledLearningRate()).isEqualTo(0.3);
        assertThat(trial.warmupIterations(468)).isZero();
        assertThat(trial.epochs()).isEqualTo(1);
        assertThat(trial.model()).isEqualTo(RECIPE.model());
        assertThat(trial.optimizer()).isEqualTo(RECIPE.optimizer());
    }

    /** Or nobody could tune on a few photographs: a minibatch larger than the set is an error. */
    @Test
    void trial_ofASetBelowTheReferenceMinibatch_runsTheRecipesOwnAtItsScaledRate() {
        Recipe small = RECIPE.withWorkers(2);
        Recipe trial = RangeSweep.trial(small, 0.3, 48, 100);
        assertThat(trial.minibatch()).isEqualTo(64);
        assertThat(trial.scaledLearningRate()).isCloseTo(0.15, within(1e-12));
        assertThat(trial.minibatchPlan(100).iterationsPerEpoch()).isEqualTo(1);
        assertThat(trial.epochs()).isEqualTo(48);
    }

    @Test
    void trial_ofAMinibatchThatIsNoWholeWorkers_isRefused() {
        Recipe uneven = RECIPE.with(Map.of("learning-rate.reference-minibatch", "100"));
        assertThatThrownBy(() -> RangeSweep.trial(uneven, 0.3, 48, 60_000))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("reference-minibatch = 100 is no multiple of images-per-worker = 32");
    }

    @Test
    void rates_fromOneToItself_areOne() {
        assertThat(RangeSweep.rates(0.1, 0.1, 8)).containsExactly(0.1);
    }

    @Test
    void rates_areGeometric() {
        assertThat(RangeSweep.rates(0.01, 1.28, 8))
                .containsExactly(new double[] {0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28}, within(1e-12));
        assertThat(RangeSweep.rates(0.1, 0.1, 1)).containsExactly(0.1);
    }

    @Test
    void result_valley_suggestsItsFloorAndItsWidth() {
        RangeSweep.Result result = sweep(2.2, 2.0, 1.6, 1.05, 1.0, 1.1, 1.9, Double.POSITIVE_INFINITY)
                .result(2.3);
        assertThat(result.suggestion()).isCloseTo(0.16, within(1e-9));
        assertThat(result.lowestGood()).isCloseTo(0.08, within(1e-9));
        assertThat(result.highestGood()).isCloseTo(0.32, within(1e-9));
        assertThat(result.atEdge()).isFalse();
    }

    @Test
    void result_bestAtTheEnd_saysSo() {
        assertThat(sweep(2.0, 1.5, 1.0).result(2.3).atEdge()).isTrue();
    }

    @Test
    void result_everythingDiverged_isAnError() {
        assertThatThrownBy(() -> sweep(Double.POSITIVE_INFINITY, 2.5).result(2.3))
                .isInstanceOf(IllegalStateException.class);
    }
}
