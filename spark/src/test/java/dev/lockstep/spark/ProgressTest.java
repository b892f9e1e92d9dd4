package dev.lockstep.spark;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ProgressTest {
    private static Progress at(long step) {
        return new Progress(step, 40, 0, 0.1, 1.25, 0.5, 812);
    }

    @Test
    void line_roundTrip() {
        assertThat(Progress.fromLine(at(7).toLine())).contains(at(7));
        assertThat(Progress.fromLine("{\"status\":\"completed\"}")).isEmpty();
    }

    @Test
    void text_asPeopleReadIt() {
        assertThat(at(7))
                .hasToString("step 7 of 40, loss 1.2500, training error 50.0 %, learning rate 0.1000, 812 images/s");
    }

    @Test
    void accumulator_keepsTheNewestOfAllTasks() {
        ProgressAccumulator driver = new ProgressAccumulator(Progress.NONE);
        ProgressAccumulator task = new ProgressAccumulator(Progress.NONE);
        assertThat(driver.isZero()).isTrue();
        task.add(at(7));
        driver.merge(task);
        driver.merge(new ProgressAccumulator(at(3)));
        assertThat(driver.value()).isEqualTo(at(7));
        assertThat(driver.copy().value()).isEqualTo(at(7));
        assertThat(driver.copyAndReset().isZero()).isTrue();
    }
}
