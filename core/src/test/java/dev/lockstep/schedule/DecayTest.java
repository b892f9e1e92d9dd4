package dev.lockstep.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class DecayTest {
    @Test
    void step_paperBoundaries_dividesByTenAtEach() {
        Decay decay = Decay.step(0.1, 30, 60, 80);

        assertThat(decay.factorAt(0)).isEqualTo(1);
        assertThat(decay.factorAt(29)).isEqualTo(1);
        assertThat(decay.factorAt(30)).isEqualTo(0.1);
        assertThat(decay.factorAt(60)).isCloseTo(0.01, within(1e-16));
        assertThat(decay.factorAt(80)).isCloseTo(0.001, within(1e-17));
        assertThat(decay.factorAt(1_000_000)).isCloseTo(0.001, within(1e-17));
    }

    @Test
    void step_callerChangesItsArray_keepsItsBoundaries() {
        long[] boundaries = {10};
        Decay decay = Decay.step(0.5, boundaries);
        boundaries[0] = 0;

        assertThat(decay.factorAt(5)).isEqualTo(1);
    }

    @Test
    void step_descendingBoundaries_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Decay.step(0.1, 60, 30))
                .withMessageContaining("[60, 30]");
    }

    @Property
    void cosine_anyTotal_fallsFromOneToZeroAndStaysThere(@ForAll @LongRange(min = 2, max = 1L << 40) long total) {
        Decay decay = Decay.cosine(total);

        assertThat(decay.factorAt(0)).isEqualTo(1);
        assertThat(decay.factorAt(total)).isZero();
        assertThat(decay.factorAt(total * 2)).isZero();
        assertThat(decay.factorAt(total / 2)).isBetween(0.5 - 1e-12, 1.0);
        assertThat(decay.factorAt(total - total / 4)).isBetween(0.0, decay.factorAt(total / 4));
    }

    @Test
    void cosine_half_isOneHalf() {
        assertThat(Decay.cosine(100).factorAt(50)).isCloseTo(0.5, within(1e-15));
    }

    @Test
    void cosine_noIterations_isRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> Decay.cosine(0)).withMessageContaining("total = 0");
    }
}
