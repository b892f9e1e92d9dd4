package dev.lockstep.metrics;

/** Metrics for tests, each field distinct. */
final class Samples {
    private Samples() {}

    static StepMetrics step(long step, int epoch) {
        return new StepMetrics(
                step, epoch, 0.1 / step, 2.3 - step * 0.01, 0.5 + 1e-3 * step, 1234.5, 0.2, 0.01, 0.003, 900.25);
    }

    static EpochMetrics epoch(int epoch, long step, double validationError) {
        return new EpochMetrics(epoch, step, 0.7, 0.25, validationError, Double.NaN, 0.4, 11.5);
    }
}
