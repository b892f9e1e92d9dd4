package dev.lockstep.study;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The rates of wrong verdicts and of detected effects over 4,000 simulated studies, each with a fixed seed. The
 * standard error of a rate near 0.05 is 0.0034; the limits allow for three standard errors.
 */
@Tag("slow")
final class ErrorRatesTest {
    private static final int STUDIES = 4_000;
    private static final double LEVEL = 0.05;
    private static final double LIMIT = LEVEL + 0.0105;
    private static final double MARGIN = 0.005;

    private final Random random = new Random(20170608);

    private Sample normal(int n, double mean, double deviation) {
        return new Sample(random.doubles(n, 0, 1)
                .map(ignored -> mean + deviation * random.nextGaussian())
                .toArray());
    }

    private double rate(Supplier<Boolean> study) {
        int count = 0;
        for (int i = 0; i < STUDIES; i++) {
            count += study.get() ? 1 : 0;
        }
        return (double) count / STUDIES;
    }

    private Difference studied(int n, double shift, double deviation, double baselineDeviation) {
        return Difference.of(normal(n, 0.1 + shift, deviation), normal(n, 0.1, baselineDeviation));
    }

    @Test
    void matches_ofSamplesShiftedByTheMargin_holdsAtMostAtTheLevel() {
        for (int n : new int[] {2, 3, 5, 10}) {
            assertThat(rate(() -> studied(n, MARGIN, 0.001, 0.001).pWithin(MARGIN) < LEVEL))
                    .as("n = %d", n)
                    .isLessThan(LIMIT);
            assertThat(rate(() -> studied(n, -MARGIN, 0.003, 0.001).pWithin(MARGIN) < LEVEL))
                    .as("n = %d, unequal spreads", n)
                    .isLessThan(LIMIT + 0.01);
        }
    }

    @Test
    void matches_ofEqualSamples_isFoundWithFiveSeeds() {
        assertThat(rate(() -> studied(5, 0, 0.0012, 0.0012).pWithin(MARGIN) < LEVEL))
                .isGreaterThan(0.99);
        assertThat(rate(() -> studied(3, 0, 0.0012, 0.0012).pWithin(MARGIN) < LEVEL))
                .isGreaterThan(0.9);
    }

    @Test
    void matches_ofEqualSamples_isDeniedAtMostAtTheLevel() {
        assertThat(rate(() -> studied(3, 0, 0.005, 0.005).pBeyond(MARGIN) < LEVEL))
                .isLessThan(LIMIT);
        assertThat(rate(() -> studied(3, MARGIN, 0.001, 0.001).pBeyond(MARGIN) < LEVEL))
                .isLessThan(LIMIT);
    }

    @Test
    void matches_ofSamplesShiftedFarBeyondTheMargin_isDenied() {
        assertThat(rate(() -> studied(3, 3 * MARGIN, 0.0015, 0.0015).pBeyond(MARGIN) < LEVEL))
                .isGreaterThan(0.99);
    }

    @Test
    void matches_atTheMarginOfNoisySamples_isDeniedAtMostAtTheLevel() {
        for (double deviation : new double[] {0.002, 0.01, 0.1}) {
            assertThat(rate(() -> studied(3, MARGIN, deviation, deviation).pBeyond(MARGIN) < LEVEL))
                    .as("deviation = %s", deviation)
                    .isLessThan(LIMIT);
        }
    }

    /**
     * The first minibatch is flat and the others are exactly at the margin, so none is worse by more than the margin.
     */
    @Test
    void elbow_ofErrorsAtTheMargin_holdsAtMostAtTheLevel() {
        for (int n : new int[] {3, 5}) {
            assertThat(rate(() ->
                            elbow(n, 0, MARGIN, MARGIN, MARGIN, MARGIN, MARGIN).verdict() == Verdict.HOLDS))
                    .as("n = %d", n)
                    .isLessThan(LIMIT);
        }
    }

    @Test
    void elbow_ofAFlatPartAndAClearRise_isFoundWithThreeSeeds() {
        assertThat(rate(() -> elbow(3, 0, 0, 0.001, 0.03, 0.1, 0.3).verdict() == Verdict.HOLDS))
                .isGreaterThan(0.9);
    }

    /** One baseline, as in a study. */
    private Elbow elbow(int n, double... shifts) {
        Sample baseline = normal(n, 0.1, 0.001);
        List<Elbow.Point> points = new ArrayList<>();
        for (int i = 0; i < shifts.length; i++) {
            Difference difference = Difference.of(normal(n, 0.1 + shifts[i], 0.001), baseline);
            points.add(Elbow.Point.of(128 << i, difference, MARGIN));
        }
        return Elbow.of(points, LEVEL);
    }

    @Test
    void worseThan_ofEqualSamples_holdsAtTheLevel() {
        for (int n : new int[] {3, 5}) {
            assertThat(rate(() -> studied(n, 0, 0.002, 0.002).pAbove(0) < LEVEL))
                    .as("n = %d", n)
                    .isBetween(0.02, LIMIT);
        }
    }

    @Test
    void worseThan_ofAClearDifference_isFoundWithThreeSeeds() {
        assertThat(rate(() -> studied(3, 0.012, 0.0037, 0.0012).pAbove(0) < LEVEL))
                .isGreaterThan(0.85);
    }

    @Test
    void curvesCoincide_atADistanceOfTheMargin_holdsAtMostAtTheLevel() {
        for (boolean crossing : new boolean[] {false, true}) {
            for (double common : new double[] {0, 0.002}) {
                assertThat(rate(() -> curves(3, MARGIN, crossing, common).pWithin(MARGIN) < LEVEL))
                        .as("crossing = %s, common noise = %s", crossing, common)
                        .isLessThan(LIMIT);
            }
        }
    }

    @Test
    void curvesCoincide_ofEqualCurves_isFoundAndNotDenied() {
        assertThat(rate(() -> curves(3, 0, false, 0.001).pWithin(MARGIN) < LEVEL))
                .isGreaterThan(0.9);
        for (double common : new double[] {0, 0.004}) {
            // With a margin far below the noise, only noise could be mistaken for a distance.
            assertThat(rate(() -> curves(3, 0, false, common).pBeyond(1e-4) < LEVEL))
                    .as("common noise = %s", common)
                    .isLessThan(LIMIT);
        }
    }

    @Test
    void curvesCoincide_ofDistantCurvesThatCross_isDenied() {
        assertThat(rate(() -> curves(3, 4 * MARGIN, true, 0.002).pBeyond(MARGIN) < LEVEL))
                .isGreaterThan(0.95);
    }

    private CurveDistance curves(int seeds, double distance, boolean crossing, double common) {
        return CurveDistance.between(
                curves(seeds, distance, crossing, common, 20), curves(seeds, 0, false, common, 20));
    }

    private List<double[]> curves(int seeds, double distance, boolean crossing, double common, int epochs) {
        List<double[]> curves = new ArrayList<>();
        for (int s = 0; s < seeds; s++) {
            double shift = common * random.nextGaussian();
            double[] curve = new double[epochs];
            for (int e = 0; e < epochs; e++) {
                double sign = crossing && e < epochs / 2 ? -1 : 1;
                curve[e] = 0.3 / (e + 1) + sign * distance + shift + 0.002 * random.nextGaussian();
            }
            curves.add(curve);
        }
        return curves;
    }
}
