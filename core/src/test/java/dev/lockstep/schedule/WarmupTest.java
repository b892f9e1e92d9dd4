package dev.lockstep.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Scale;
import org.junit.jupiter.api.Test;

class WarmupTest {
    @Property
    void gradual_anyK_startsAtReferenceAndEndsExactlyAtScaled(
            @ForAll @DoubleRange(min = 1e-4, max = 10) @Scale(9) double reference,
            @ForAll @IntRange(min = 1, max = 65_536) int k,
            @ForAll @LongRange(min = 1, max = 1_000_000_000L) long iterations) {
        double scaled = Scaling.LINEAR.scale(reference, 32L * k, 32);
        LearningRate rate = Warmup.gradual(reference, scaled, iterations);

        assertThat(rate.at(0)).isEqualTo(reference);
        assertThat(rate.at(iterations)).isEqualTo(scaled);
        assertThat(rate.at(Long.MAX_VALUE)).isEqualTo(scaled);
    }

    @Property
    void gradual_anyK_addsTheSameAmountInEveryIterationWithoutDrift(
            @ForAll @DoubleRange(min = 1e-4, max = 10) @Scale(9) double reference,
            @ForAll @IntRange(min = 2, max = 65_536) int k,
            @ForAll @LongRange(min = 2, max = 1_000_000L) long iterations,
            @ForAll @DoubleRange(min = 0, max = 1) @Scale(6) double where) {
        double scaled = Scaling.LINEAR.scale(reference, k, 1);
        LearningRate rate = Warmup.gradual(reference, scaled, iterations);
        long i = (long) (where * (iterations - 1));

        double increment = (scaled - reference) / iterations;
        double rounding = 4 * Math.ulp(scaled);
        assertThat(rate.at(i + 1) - rate.at(i)).isCloseTo(increment, within(rounding));
        assertThat(rate.at(i)).isCloseTo(reference + i * increment, within(rounding + i * Math.ulp(increment)));
        assertThat(rate.at(i)).isLessThan(rate.at(i + 1));
    }

    @Test
    void gradual_paper8k_rises782TimesBy000396() {
        LearningRate rate = Warmup.gradual(0.1, Scaling.LINEAR.scale(0.1, 8192, 256), 782);

        assertThat(rate.at(1) - rate.at(0)).isCloseTo(0.00396, within(5e-6));
        assertThat(rate.at(781)).isLessThan(3.2);
        assertThat(rate.at(782)).isEqualTo(3.2);
    }

    @Test
    void gradual_minibatchSmallerThanReference_staysAtScaled() {
        LearningRate rate = Warmup.gradual(0.1, 0.05, 10);

        assertThat(rate.at(0)).isEqualTo(0.05);
        assertThat(rate.at(5)).isEqualTo(0.05);
        assertThat(rate.at(10)).isEqualTo(0.05);
    }

    @Test
    void gradual_noIterations_isScaledFromTheStart() {
        assertThat(Warmup.gradual(0.1, 3.2, 0).at(0)).isEqualTo(3.2);
    }

    @Property
    void constant_anyLength_isReferenceThenScaled(
            @ForAll @LongRange(min = 1, max = 1_000_000L) long iterations,
            @ForAll @IntRange(min = 1, max = 65_536) int k) {
        LearningRate rate = Warmup.constant(0.1, 0.1 * k, iterations);

        assertThat(rate.at(0)).isEqualTo(0.1);
        assertThat(rate.at(iterations - 1)).isEqualTo(0.1);
        assertThat(rate.at(iterations)).isEqualTo(0.1 * k);
    }

    @Test
    void times_decayDuringTraining_countsFromTheStartNotFromTheEndOfWarmup() {
        LearningRate rate = Warmup.gradual(0.1, 0.8, 10).times(Decay.step(0.1, 30, 60));

        assertThat(rate.at(29)).isEqualTo(0.8);
        assertThat(rate.at(30)).isCloseTo(0.08, within(1e-15));
        assertThat(rate.at(60)).isCloseTo(0.008, within(1e-15));
    }
}
