package dev.lockstep.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.lockstep.sampling.KeyedRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class NoiseScaleTest {
    private static final int DIMENSIONS = 200;

    /** Gradients of workers with true gradient G (|G|² = signal) and independent noise of variance tr(Σ)/n. */
    private static NoiseScale estimate(int workers, int n, double signal, double trace, int steps) {
        KeyedRandom random = KeyedRandom.of(11, workers, n);
        NoiseScale scale = NoiseScale.UNKNOWN;
        double g = Math.sqrt(signal / DIMENSIONS);
        double deviation = Math.sqrt(trace / DIMENSIONS / n);
        for (int step = 0; step < steps; step++) {
            double[] mean = new double[DIMENSIONS];
            double small = 0;
            for (int worker = 0; worker < workers; worker++) {
                for (int i = 0; i < DIMENSIONS; i++) {
                    double own = g + deviation * random.nextGaussian();
                    small += own * own / workers;
                    mean[i] += own / workers;
                }
            }
            double big = 0;
            for (double m : mean) {
                big += m * m;
            }
            scale = scale.plus(n, (double) n * workers, small, big);
        }
        return scale;
    }

    @Test
    void estimate_knownSignalAndNoise_withinTenPercent() {
        for (int workers : new int[] {2, 8, 32}) {
            NoiseScale scale = estimate(workers, 32, 4, 1200, 600);
            assertThat(scale.signalEstimate()).as("|G|², k = %d", workers).isCloseTo(4, withinPercentage(10));
            assertThat(scale.noiseEstimate()).as("tr(Σ), k = %d", workers).isCloseTo(1200, withinPercentage(10));
            assertThat(scale.images()).as("B, k = %d", workers).isCloseTo(300, withinPercentage(10));
        }
    }

    @Test
    void plus_oneWorker_staysUnknown() {
        assertThat(NoiseScale.UNKNOWN.plus(32, 32, 5, 5).images()).isNaN();
        assertThat(NoiseScale.UNKNOWN.plus(32, 32, 5, 5).summary(32)).isEmpty();
    }

    @Test
    void images_noSignal_isUnknown() {
        assertThat(NoiseScale.UNKNOWN.plus(32, 64, 10, 5).plus(32, 64, 10, 4.9).images())
                .isNaN();
    }

    @Property(tries = 100)
    void plus_exactNorms_givesExactScaleFromTheFirstStep(
            @ForAll @IntRange(min = 2, max = 65_536) int workers,
            @ForAll @DoubleRange(min = 0.01, max = 100) double signal,
            @ForAll @DoubleRange(min = 0.01, max = 1e6) double trace) {
        int n = 32;
        NoiseScale scale = NoiseScale.UNKNOWN;
        for (int step = 0; step < 3; step++) {
            scale = scale.plus(n, (double) n * workers, signal + trace / n, signal + trace / n / workers);
            assertThat(scale.signalEstimate()).isCloseTo(signal, withinPercentage(0.1));
            assertThat(scale.noiseEstimate()).isCloseTo(trace, withinPercentage(0.1));
        }
    }

    @Test
    void state_roundTrips() {
        NoiseScale scale = NoiseScale.UNKNOWN.plus(32, 256, 3, 2).plus(32, 256, 4, 1);
        assertThat(NoiseScale.of(scale.state())).isEqualTo(scale);
        assertThat(NoiseScale.of(java.util.List.of())).isEqualTo(NoiseScale.UNKNOWN);
    }

    @Test
    void summary_namesCriticalMinibatchAndCost() {
        NoiseScale scale = new NoiseScale(1, 903, 0.5);
        assertThat(scale.summary(2048)).startsWith("critical minibatch about 900: your 2,048 spends 3.3 × the images");
    }
}
