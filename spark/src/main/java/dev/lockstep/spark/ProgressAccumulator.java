package dev.lockstep.spark;

import org.apache.spark.util.AccumulatorV2;

/** The newest {@link Progress} of any task. */
final class ProgressAccumulator extends AccumulatorV2<Progress, Progress> {
    private static final long serialVersionUID = 1;

    private volatile Progress newest;

    ProgressAccumulator(Progress newest) {
        this.newest = newest;
    }

    @Override
    public boolean isZero() {
        return newest.step() == 0;
    }

    @Override
    public AccumulatorV2<Progress, Progress> copy() {
        return new ProgressAccumulator(newest);
    }

    @Override
    public void reset() {
        newest = Progress.NONE;
    }

    /** Called by one thread of a task; heartbeats read at the same time. */
    @Override
    public void add(Progress progress) {
        if (progress.step() >= newest.step()) {
            newest = progress;
        }
    }

    @Override
    public void merge(AccumulatorV2<Progress, Progress> other) {
        add(other.value());
    }

    @Override
    public Progress value() {
        return newest;
    }
}
