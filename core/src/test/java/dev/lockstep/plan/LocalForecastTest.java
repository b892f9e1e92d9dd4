package dev.lockstep.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.network.ClassificationTask;
import dev.lockstep.network.NetworkShape;
import dev.lockstep.network.Shapes;
import dev.lockstep.plan.LocalForecast.Measurement;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

class LocalForecastTest {
    private static final NetworkShape RESNET8 = Shapes.of("resnet8", new ClassificationTask(1, 28, 28, 10));

    private static LocalForecast twoCores(int lanes) {
        Measurement measured = Measurement.of(8, 32, lanes, 1, Collections.nCopies(20, 0.4));
        return new LocalForecast(RESNET8, measured, 2);
    }

    @Test
    void on_theMeasuredLayout_isTheMeasurement() {
        assertThat(twoCores(2).on(1, 2).iterationSeconds()).isCloseTo(0.4, within(1e-9));
        assertThat(twoCores(1).on(1, 1).iterationSeconds()).isCloseTo(0.4, within(1e-9));
    }

    @Test
    void on_asManyThreadsAsBefore_isAsFastButForTheTraffic() {
        StepForecast two = twoCores(2).on(2, 1);

        assertThat(two.computeSeconds()).isCloseTo(0.4, within(1e-9));
        assertThat(two.exposedSeconds()).isBetween(0.0, 0.004);
        assertThat(two.imagesPerSecond(32)).isCloseTo(640, Percentage.withPercentage(1));
    }

    @Test
    void on_moreThreadsThanCores_isNoFaster() {
        assertThat(twoCores(2).on(4, 1).computeSeconds()).isCloseTo(0.4, within(1e-9));
        assertThat(twoCores(2).on(8, 1).computeSeconds()).isCloseTo(0.4, within(1e-9));
    }

    @Test
    void on_idleCoresOfTheMeasuredRun_areUsed() {
        assertThat(twoCores(1).on(2, 1).computeSeconds()).isCloseTo(0.2, within(1e-9));
        assertThat(twoCores(1).on(1, 2).computeSeconds()).isCloseTo(0.2, within(1e-9));
    }

    @Test
    void on_moreLanesThanWorkers_usesOnlyTheWorkers() {
        assertThat(twoCores(2).on(8, 4).computeSeconds())
                .isCloseTo(twoCores(2).on(8, 1).computeSeconds(), within(1e-12));
    }

    @Test
    void on_scatteredSteps_waitsForTheSlower() {
        List<Double> steps =
                IntStream.range(0, 101).mapToObj(i -> 0.35 + 0.001 * i).toList();
        LocalForecast forecast = new LocalForecast(RESNET8, Measurement.of(8, 32, 2, 1, steps), 2);

        assertThat(forecast.measured().stepSeconds()).isCloseTo(0.4, within(1e-9));
        assertThat(forecast.measured().jitter()).isCloseTo(0.085, within(1e-3));
        assertThat(forecast.on(2, 1).waitSeconds()).isCloseTo(0.4 * 0.085 * 0.589, within(1e-3));
    }

    @Test
    void of_noSteps_isRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> Measurement.of(8, 32, 1, 1, List.of()));
    }
}
