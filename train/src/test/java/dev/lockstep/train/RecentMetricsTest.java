package dev.lockstep.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.Event;
import dev.lockstep.metrics.StepMetrics;
import java.util.List;
import org.junit.jupiter.api.Test;

class RecentMetricsTest {
    private static StepMetrics step(long step) {
        return new StepMetrics(step, 0, 0.1, 1, 0.5, 100, 0.1, 0, 0, Double.NaN);
    }

    private static EpochMetrics epoch(int number, long step) {
        return new EpochMetrics(number, step, 1, 0.5, 0.4, Double.NaN, 1, 2);
    }

    private static List<String> named(List<Event> events) {
        return events.stream()
                .map(event -> event instanceof Event.Step step
                        ? "step " + step.metrics().step()
                        : "epoch " + ((Event.Epoch) event).metrics().epoch())
                .toList();
    }

    @Test
    void after_hasWhatWasNotSurelyWritten_inOrder() {
        RecentMetrics recent = new RecentMetrics(0);
        for (int step = 1; step <= 4; step++) {
            recent.add(step(step));
            if (step % 2 == 0) {
                recent.save(step);
                recent.add(epoch(step / 2 - 1, step));
            }
        }
        recent.add(step(5));

        // At the save of step 4 the files had what came before the save of step 2 ended.
        assertThat(recent.written()).isEqualTo(2);
        assertThat(named(recent.after(2))).containsExactly("epoch 0", "step 3", "step 4", "epoch 1", "step 5");
        assertThat(named(recent.after(4))).containsExactly("epoch 1", "step 5");
    }

    @Test
    void replace_takesAllOver() {
        RecentMetrics source = new RecentMetrics(7);
        source.add(step(8));
        source.add(epoch(3, 8));
        source.save(8);
        RecentMetrics joined = new RecentMetrics(0);
        joined.add(step(1));
        joined.replace(source.toJson());

        assertThat(joined.written()).isEqualTo(7);
        assertThat(named(joined.after(0))).containsExactly("step 8", "epoch 3");
        assertThat(joined.after(0)).isEqualTo(source.after(0));
    }
}
