package dev.lockstep.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class LoaderWatchTest {
    private static Event step(double seconds, double waited) {
        return new Event.Step(new StepMetrics(1, 0, 0.1, 1, 0.5, 1, seconds, waited, 0, Double.NaN));
    }

    /** What it says over some equal steps, after a first one that only waits. */
    private static List<String> told(int steps, double seconds, double waited) {
        List<String> told = new ArrayList<>();
        LoaderWatch watch = new LoaderWatch(told::add);
        watch.on(step(60, 59));
        IntStream.range(0, steps).forEach(i -> watch.on(step(seconds, waited)));
        return told;
    }

    @Test
    void lanesThatWaitLong_areToldOfOnce() {
        assertThat(told(100, 1, 0.4))
                .singleElement()
                .asString()
                .contains("lanes waited for images 40 % of the time")
                .contains("use more loader threads");
    }

    @Test
    void lanesThatHardlyWait_areNotToldOf() {
        assertThat(told(100, 1, 0.05)).isEmpty();
    }

    @Test
    void fewSeconds_sayNothing() {
        assertThat(told(9, 1, 0.9)).isEmpty();
        assertThat(told(10, 1, 0.9)).hasSize(1);
    }

    @Test
    void waitingThatBeginsLater_isNoticed() {
        List<String> told = new ArrayList<>();
        LoaderWatch watch = new LoaderWatch(told::add);
        for (int i = 0; i < 200; i++) {
            watch.on(step(1, 0));
        }
        assertThat(told).isEmpty();
        IntStream.range(0, 20).forEach(i -> watch.on(step(1, 0.5)));
        assertThat(told).hasSize(1);
    }
}
