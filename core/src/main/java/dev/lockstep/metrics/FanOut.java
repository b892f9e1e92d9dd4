package dev.lockstep.metrics;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A sink made of several. */
record FanOut(List<MetricSink> sinks) implements MetricSink {
    @Override
    public void onStart(long step, boolean finished) {
        sinks.forEach(sink -> sink.onStart(step, finished));
    }

    @Override
    public void onStep(StepMetrics step) {
        sinks.forEach(sink -> sink.onStep(step));
    }

    @Override
    public void onEpoch(EpochMetrics epoch) {
        sinks.forEach(sink -> sink.onEpoch(epoch));
    }

    @Override
    public void onBadImage(BadImage image) {
        sinks.forEach(sink -> sink.onBadImage(image));
    }

    @Override
    public void onNotice(String notice) {
        sinks.forEach(sink -> sink.onNotice(notice));
    }

    @Override
    public void flush() {
        sinks.forEach(MetricSink::flush);
    }

    @Override
    public void close() {
        RuntimeException first = null;
        for (MetricSink sink : sinks) {
            first = close(sink, first);
        }
        if (first != null) {
            throw first;
        }
    }

    private static @Nullable RuntimeException close(MetricSink sink, @Nullable RuntimeException first) {
        try {
            sink.close();
            return first;
        } catch (RuntimeException e) {
            if (first == null) {
                return e;
            }
            first.addSuppressed(e);
            return first;
        }
    }
}
