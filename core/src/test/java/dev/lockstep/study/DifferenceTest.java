package dev.lockstep.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.apache.commons.statistics.inference.AlternativeHypothesis;
import org.apache.commons.statistics.inference.DataDispersion;
import org.apache.commons.statistics.inference.TTest;
import org.junit.jupiter.api.Test;

final class DifferenceTest {
    private static final Sample A = new Sample(27.5, 21.0, 19.0, 23.6, 17.0, 17.9);
    private static final Sample B = new Sample(27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0);

    @Test
    void difference_equalsWelchOfALibrary() {
        Difference difference = Difference.of(A, B);
        TTest welch = TTest.withDefaults().with(DataDispersion.HETEROSCEDASTIC);
        for (double bound : new double[] {-3, -0.5, 0, 0.7, 4}) {
            TTest.Result greater =
                    welch.withMu(bound).with(AlternativeHypothesis.GREATER_THAN).test(A.values(), B.values());
            assertThat(difference.pAbove(bound)).isCloseTo(greater.getPValue(), within(1e-12));
            assertThat(difference.pBelow(bound)).isCloseTo(1 - greater.getPValue(), within(1e-12));
            assertThat(difference.degreesOfFreedom()).isCloseTo(greater.getDegreesOfFreedom(), within(1e-9));
        }
    }

    /** A known example: t = −1.3, 7.0 degrees of freedom for these numbers (computed by hand from the definitions). */
    @Test
    void difference_ofKnownNumbers() {
        Difference difference = Difference.of(new Sample(1, 2, 3), new Sample(2, 4, 6));
        assertThat(difference.value()).isEqualTo(-2);
        assertThat(difference.standardError()).isCloseTo(Math.sqrt(1.0 / 3 + 4.0 / 3), within(1e-12));
        assertThat(difference.degreesOfFreedom())
                .isCloseTo((25.0 / 9) / ((1.0 / 9) / 2 + (16.0 / 9) / 2), within(1e-12));
    }

    @Test
    void pWithin_isTheLargerOfTheTwoTests_pBeyondAddsTheTails() {
        Difference difference = Difference.of(A, B);
        assertThat(difference.pWithin(5)).isEqualTo(Math.max(difference.pAbove(-5), difference.pBelow(5)));
        // As if the true difference were at the nearer end of the margin.
        double other = Math.min(difference.pAbove(-0.1), difference.pBelow(0.1));
        assertThat(difference.pBeyond(0.1))
                .isCloseTo(Math.min(difference.pAbove(0.1), difference.pBelow(-0.1)) + other, within(1e-12));
    }

    @Test
    void halfWidth_makesTheIntervalAgreeWithTheTests() {
        Difference difference = Difference.of(A, B);
        double high = difference.value() + difference.halfWidth(0.05);
        assertThat(difference.pBelow(high)).isCloseTo(0.05, within(1e-9));
    }

    @Test
    void isTestable_needsASpread() {
        assertThat(Difference.of(new Sample(1), new Sample(1, 2)).isTestable()).isFalse();
        assertThat(Difference.of(new Sample(), new Sample(1, 2)).isTestable()).isFalse();
        assertThat(Difference.of(new Sample(1, 1), new Sample(2, 2)).isTestable())
                .isFalse();
        assertThat(Difference.of(new Sample(1, 1), new Sample(2, 2.1)).isTestable())
                .isTrue();
    }

    @Test
    void sample_hasTheUsualMoments() {
        Sample sample = new Sample(2, 4, 4, 4, 5, 5, 7, 9);
        assertThat(sample.mean()).isEqualTo(5);
        assertThat(sample.standardDeviation()).isCloseTo(Math.sqrt(32.0 / 7), within(1e-12));
        assertThat(new Sample(3).standardDeviation()).isNaN();
        assertThat(new Sample().mean()).isNaN();
    }
}
