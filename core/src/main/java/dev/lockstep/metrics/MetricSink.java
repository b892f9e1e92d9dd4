package dev.lockstep.metrics;

import java.util.List;

/** Takes a run's metrics as they come; only rank 0 has sinks. Methods are called by one thread. */
public interface MetricSink extends AutoCloseable {
    /**
     * The run starts or goes on. Comes before every step.
     *
     * @param step iterations of the checkpoint that it goes on from, or 0
     * @param finished whether nothing is left to do
     */
    default void onStart(long step, boolean finished) {}

    void onStep(StepMetrics step);

    void onEpoch(EpochMetrics epoch);

    /** A bad image was met for the first time, and replaced. Comes before the step or the epoch in which that was. */
    default void onBadImage(BadImage image) {}

    /** A sentence for the person who watches the run, such as a warning or the name of a saved checkpoint. */
    default void onNotice(String notice) {}

    /**
     * Brings everything so far to its destination. The trainer calls this before it writes a checkpoint, so that the
     * metrics on disk always reach at least as far as the checkpoint does.
     */
    default void flush() {}

    @Override
    void close();

    /** One sink that hands everything to each of the others, in order, and closes them all even when one fails. */
    static MetricSink all(List<? extends MetricSink> sinks) {
        return new FanOut(List.copyOf(sinks));
    }
}
