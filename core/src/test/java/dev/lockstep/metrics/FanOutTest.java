package dev.lockstep.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class FanOutTest {
    private final List<String> seen = new ArrayList<>();

    private MetricSink recorder(String name, boolean failing) {
        return new MetricSink() {
            @Override
            public void onStart(long step, boolean finished) {
                seen.add(name + " start " + step + " " + finished);
            }

            @Override
            public void onStep(StepMetrics step) {
                seen.add(name + " step " + step.step());
            }

            @Override
            public void onEpoch(EpochMetrics epoch) {
                seen.add(name + " epoch " + epoch.epoch());
            }

            @Override
            public void onBadImage(BadImage image) {
                seen.add(name + " bad " + image.index());
            }

            @Override
            public void onNotice(String notice) {
                seen.add(name + " " + notice);
            }

            @Override
            public void flush() {
                seen.add(name + " flush");
            }

            @Override
            public void close() {
                seen.add(name + " close");
                if (failing) {
                    throw new IllegalStateException(name);
                }
            }
        };
    }

    @Test
    void all_handsEverythingToEverySinkInOrder() {
        MetricSink sink = MetricSink.all(List.of(recorder("a", false), recorder("b", false)));
        sink.onStart(3, true);
        sink.onStep(Samples.step(4, 0));
        sink.onEpoch(Samples.epoch(2, 4, 0.1));
        sink.onBadImage(new BadImage(4, 0, "training", 17, "empty"));
        sink.onNotice("saved");
        sink.flush();
        assertThat(seen)
                .containsExactly(
                        "a start 3 true",
                        "b start 3 true",
                        "a step 4",
                        "b step 4",
                        "a epoch 2",
                        "b epoch 2",
                        "a bad 17",
                        "b bad 17",
                        "a saved",
                        "b saved",
                        "a flush",
                        "b flush");
    }

    @Test
    void close_whenOneFails_closesTheOthers() {
        MetricSink sink = MetricSink.all(List.of(recorder("a", true), recorder("b", true)));
        assertThatThrownBy(sink::close)
                .hasMessage("a")
                .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
        assertThat(seen).containsExactly("a close", "b close");
    }
}
