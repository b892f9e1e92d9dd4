package dev.lockstep.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.sampling.KeyedRandom;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NoiseScaleTest {
    private static final int DIMENSIONS = 200;

    /** Per-image gradients are G plus noise of another variance in each dimension. */
    private static final class Problem {
        private final double[] gradient = new double[DIMENSIONS];
        private final double[] deviation = new double[DIMENSIONS];
        private final KeyedRandom random;

        Problem(double squaredGradient, double trace, long seed) {
            random = KeyedRandom.of(seed);
            double weights = 0;
            for (int d = 0; d < DIMENSIONS; d++) {
                gradient[d] = Math.sqrt(squaredGradient / DIMENSIONS) * (d % 2 == 0 ? 1 : -1);
                weights += d + 1;
            }
            for (int d = 0; d < DIMENSIONS; d++) {
                deviation[d] = Math.sqrt(trace * (d + 1) / weights);
            }
        }

        /** One step of k workers with n images each: the norms that training hands over. */
        void step(NoiseScale estimator, int workers, int imagesPerWorker) {
            double[] mean = new double[DIMENSIONS];
            double workerNorms = 0;
            for (int worker = 0; worker < workers; worker++) {
                for (int d = 0; d < DIMENSIONS; d++) {
                    double g = gradient[d] + deviation[d] * random.nextGaussian() / Math.sqrt(imagesPerWorker);
                    workerNorms += g * g / workers;
                    mean[d] += g / workers;
                }
            }
            double norm = 0;
            for (double g : mean) {
                norm += g * g;
            }
            estimator.add(workerNorms, norm);
        }
    }

    @ParameterizedTest
    @CsvSource({"2, 400, 8, 32", "2, 400, 64, 32", "1, 2000, 8, 32", "0.5, 20, 4, 16", "10, 30000, 32, 16"})
    void scale_knownProblem_isWithinTenPercent(double squaredGradient, double trace, int workers, int imagesPerWorker) {
        Problem problem = new Problem(squaredGradient, trace, 1);
        NoiseScale estimator = new NoiseScale(workers, imagesPerWorker);
        for (int step = 0; step < 600; step++) {
            problem.step(estimator, workers, imagesPerWorker);
        }

        assertThat(estimator.squaredGradient()).isCloseTo(squaredGradient, Percentage.withPercentage(10));
        assertThat(estimator.covarianceTrace()).isCloseTo(trace, Percentage.withPercentage(10));
        assertThat(estimator.scale()).isCloseTo(trace / squaredGradient, Percentage.withPercentage(10));
    }

    @Test
    void scale_fewSteps_isNotBiasedByTheEmptyStart() {
        NoiseScale estimator = new NoiseScale(4, 8);

        estimator.add(10, 4);

        assertThat(estimator.squaredGradient()).isCloseTo((32 * 4.0 - 8 * 10) / 24, within(1e-12));
        assertThat(estimator.covarianceTrace()).isCloseTo(6 / (1.0 / 8 - 1.0 / 32), within(1e-12));
        assertThat(estimator.scale()).isCloseTo(32, within(1e-9));
    }

    @Test
    void scale_gradientsTimesAConstant_isTheSame() {
        NoiseScale one = new NoiseScale(4, 8);
        NoiseScale scaled = new NoiseScale(4, 8);
        for (int step = 1; step < 20; step++) {
            one.add(10 + step, 4);
            scaled.add(100 * (10 + step), 100 * 4);
        }

        assertThat(scaled.scale()).isCloseTo(one.scale(), within(1e-9));
    }

    @Test
    void scale_oneWorker_isUnknown() {
        NoiseScale estimator = new NoiseScale(1, 32);

        estimator.add(3, 3);

        assertThat(estimator.scale()).isNaN();
        assertThat(estimator.state()).isEqualTo(NoiseScale.State.EMPTY);
    }

    @Test
    void scale_nothingYetOrNoSignal_isUnknown() {
        NoiseScale estimator = new NoiseScale(4, 8);
        assertThat(estimator.scale()).isNaN();
        assertThat(estimator.squaredGradient()).isNaN();

        estimator.add(100, 1);
        assertThat(estimator.scale()).as("|G|² estimated below 0").isNaN();
    }

    @Test
    void add_normsThatAreNotFinite_areLeftOut() {
        NoiseScale estimator = new NoiseScale(4, 8);
        estimator.add(10, 4);
        NoiseScale.State before = estimator.state();

        estimator.add(Double.NaN, 4);
        estimator.add(10, Double.POSITIVE_INFINITY);

        assertThat(estimator.state()).isEqualTo(before);
    }

    @Test
    void state_interruptedAndResumed_isThatOfAnUninterruptedRun() {
        NoiseScale whole = new NoiseScale(4, 8);
        NoiseScale first = new NoiseScale(4, 8);
        for (int step = 0; step < 50; step++) {
            whole.add(10 + step % 7, 4 + step % 3);
            first.add(10 + step % 7, 4 + step % 3);
        }
        NoiseScale second = new NoiseScale(4, 8, first.state());
        for (int step = 50; step < 90; step++) {
            whole.add(10 + step % 7, 4 + step % 3);
            second.add(10 + step % 7, 4 + step % 3);
        }

        assertThat(second.state()).isEqualTo(whole.state());
        assertThat(second.scale()).isEqualTo(whole.scale());
    }
}
