package dev.lockstep.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.plan.RangeSweep.Trial;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RangeSweepTest {
    private static RangeSweep sweep(double... losses) {
        double[] rates = RangeSweep.rates(0.01, 1.28, losses.length);
        List<Trial> trials = new ArrayList<>();
        for (int i = 0; i < losses.length; i++) {
            trials.add(new Trial(rates[i], losses[i]));
        }
        return new RangeSweep(trials);
    }

    @Test
    void rates_areGeometric() {
        assertThat(RangeSweep.rates(0.01, 1.28, 8))
                .containsExactly(new double[] {0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28}, within(1e-12));
        assertThat(RangeSweep.rates(0.1, 0.1, 1)).containsExactly(0.1);
    }

    @Test
    void result_valley_suggestsItsFloorAndItsWidth() {
        RangeSweep.Result result = sweep(2.2, 2.0, 1.6, 1.05, 1.0, 1.1, 1.9, Double.POSITIVE_INFINITY)
                .result(2.3);
        assertThat(result.suggestion()).isCloseTo(0.16, within(1e-9));
        assertThat(result.lowestGood()).isCloseTo(0.08, within(1e-9));
        assertThat(result.highestGood()).isCloseTo(0.32, within(1e-9));
        assertThat(result.atEdge()).isFalse();
    }

    @Test
    void result_bestAtTheEnd_saysSo() {
        assertThat(sweep(2.0, 1.5, 1.0).result(2.3).atEdge()).isTrue();
    }

    @Test
    void result_everythingDiverged_isAnError() {
        assertThatThrownBy(() -> sweep(Double.POSITIVE_INFINITY, 2.5).result(2.3))
                .isInstanceOf(IllegalStateException.class);
    }
}
