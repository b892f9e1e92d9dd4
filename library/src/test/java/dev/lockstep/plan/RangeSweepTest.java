package dev.lockstep.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.plan.RangeSweep.Point;
import dev.lockstep.plan.RangeSweep.Suggestion;
import dev.lockstep.sampling.KeyedRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RangeSweepTest {
    /** A loss that falls from 2.3 to 0.8 around a rate, a logistic in its logarithm, and explodes beyond another. */
    private static DoubleUnaryOperator loss(double center, double breaks) {
        return rate -> 0.8 + 1.5 / (1 + Math.pow(rate / center, 1.5)) + Math.pow(rate / breaks, 4);
    }

    private static List<Point> sweep(DoubleUnaryOperator loss, double noise, long seed) {
        KeyedRandom random = KeyedRandom.of(seed);
        List<Point> points = new ArrayList<>();
        for (double rate : RangeSweep.rates(1e-4, 10, 200)) {
            points.add(new Point(rate, loss.applyAsDouble(rate) + noise * random.nextGaussian()));
        }
        return points;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void suggest_noisySweep_findsTheFastestFall(long seed) {
        Suggestion suggestion =
                RangeSweep.suggest(sweep(loss(0.05, 3), 0.05, seed)).orElseThrow();

        assertThat(suggestion.steepest()).isBetween(0.02, 0.15);
        assertThat(suggestion.broken()).isBetween(2.0, 6.0);
        assertThat(suggestion.rate()).isEqualTo(suggestion.steepest());
    }

    @Test
    void suggest_fallRightBeforeTheBreak_keepsItsDistance() {
        Suggestion suggestion = RangeSweep.suggest(sweep(loss(1, 1.5), 0, 0)).orElseThrow();

        assertThat(suggestion.rate()).isEqualTo(suggestion.broken() / 5);
        assertThat(suggestion.rate()).isLessThan(suggestion.steepest());
    }

    @Test
    void suggest_divergedSweep_takesTheFirstLossThatIsNotFiniteAsBroken() {
        List<Point> points = sweep(loss(0.05, 1e9), 0, 0);
        List<Point> diverged = new ArrayList<>(points.subList(0, 150));
        diverged.add(new Point(points.get(150).rate(), Double.NaN));

        Suggestion suggestion = RangeSweep.suggest(diverged).orElseThrow();

        assertThat(suggestion.broken()).isEqualTo(points.get(150).rate());
    }

    @Test
    void suggest_sweepThatNeverBreaks_suggestsTheFastestFall() {
        Suggestion suggestion = RangeSweep.suggest(sweep(loss(0.05, 1e9), 0, 0)).orElseThrow();

        assertThat(suggestion.broken()).isNaN();
        assertThat(suggestion.rate()).isEqualTo(suggestion.steepest());
    }

    @Test
    void suggest_nothingToLearn_isEmpty() {
        assertThat(RangeSweep.suggest(sweep(rate -> 2.3, 0.05, 1))).isEmpty();
        assertThat(RangeSweep.suggest(sweep(rate -> 2.3 + rate, 0, 1))).isEmpty();
        assertThat(RangeSweep.suggest(List.of())).isEmpty();
        assertThat(RangeSweep.suggest(List.of(new Point(0.1, Double.NaN)))).isEmpty();
        assertThat(RangeSweep.suggest(sweep(loss(0.05, 3), 0, 0).subList(0, 5))).isEmpty();
    }

    @Test
    void rates_geometric_fromLowToHigh() {
        double[] rates = RangeSweep.rates(0.001, 1, 4);

        assertThat(rates).hasSize(4);
        assertThat(rates[0]).isEqualTo(0.001);
        assertThat(rates[1]).isCloseTo(0.01, within(1e-12));
        assertThat(rates[3]).isCloseTo(1, within(1e-12));
        assertThatIllegalArgumentException().isThrownBy(() -> RangeSweep.rates(1, 0.1, 5));
        assertThatIllegalArgumentException().isThrownBy(() -> RangeSweep.rates(0.1, 1, 1));
    }

    @Test
    void smoothed_constant_staysConstantFromTheFirstPointOn() {
        assertThat(RangeSweep.smoothed(sweep(rate -> 2, 0, 0)))
                .allSatisfy(point -> assertThat(point.loss()).isCloseTo(2, within(1e-12)));
    }
}
