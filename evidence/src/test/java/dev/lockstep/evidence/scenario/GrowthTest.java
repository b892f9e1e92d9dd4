package dev.lockstep.evidence.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

final class GrowthTest {
    private static final int STEPS = 1000;

    @Test
    void constantPeaks_areFlat() {
        assertThat(Growth.of(new long[] {5000, 5000, 5000, 5000}, STEPS)).isEqualTo(new Growth(0, 0, 0, 0, "flat"));
    }

    @Test
    void oneSmallJump_isFlatWithItsNoise() {
        Growth growth = Growth.of(new long[] {379_000, 379_000, 379_580, 379_580, 379_580}, STEPS);
        assertThat(growth.verdict()).isEqualTo("flat");
        assertThat(growth.perStep()).isCloseTo(0.58, within(1e-9));
        assertThat(growth.error()).isCloseTo(0.58, within(1e-9));
        assertThat(growth.noise()).isCloseTo(0.58 * 3.18, within(1e-9));
    }

    @Test
    void steadyRise_grows() {
        assertThat(Growth.of(new long[] {5000, 5101, 5199, 5300, 5401}, STEPS).verdict())
                .isEqualTo("GROWS");
    }

    /** The mean is within the noise of the jump. */
    @Test
    void leakBesideAJump_growsByItsMedian() {
        Growth growth = Growth.of(new long[] {380_000, 380_200, 380_400, 384_000, 384_200, 384_400}, STEPS);
        assertThat(growth.perStep()).isLessThan(growth.noise());
        assertThat(growth.verdict()).isEqualTo("GROWS");
    }

    @Test
    void largeJumps_areNoisy() {
        assertThat(Growth.of(new long[] {5000, 5000, 5400, 5400, 5400}, STEPS).verdict())
                .isEqualTo("NOISY");
    }
}
