package dev.lockstep.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Scale;
import org.junit.jupiter.api.Test;

class ScalingTest {
    @Property
    void linear_kTimesTheMinibatch_isKTimesTheRate(
            @ForAll @IntRange(min = 1, max = 65_536) int k,
            @ForAll @IntRange(min = 1, max = 65_536) int n,
            @ForAll @DoubleRange(min = 1e-6, max = 10) @Scale(9) double reference) {
        assertThat(Scaling.LINEAR.scale(reference, (long) k * n, n)).isEqualTo(reference * k);
    }

    @Test
    void squareRoot_paper_isTable2aRate() {
        assertThat(Scaling.SQUARE_ROOT.scale(0.1, 8192, 256)).isCloseTo(0.1 * Math.sqrt(32), within(1e-16));
    }

    @Test
    void none_anyMinibatch_isTheReference() {
        assertThat(Scaling.NONE.scale(0.1, 8192, 256)).isEqualTo(0.1);
    }

    @Test
    void linear_minibatchBelowReference_scalesDown() {
        assertThat(Scaling.LINEAR.scale(0.1, 64, 256)).isEqualTo(0.025);
    }
}
