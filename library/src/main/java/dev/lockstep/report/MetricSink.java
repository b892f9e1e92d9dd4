package dev.lockstep.report;

/** Takes a run's metrics as they come; only rank 0 has sinks. Methods are called by one thread. */
public interface MetricSink extends AutoCloseable {
    void onStep(StepMetrics step);

    void onEpoch(EpochMetrics epoch);

    @Override
    void close();
}
