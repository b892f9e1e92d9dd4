package dev.lockstep.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class AllReduceTest {
    private static final Interconnect LATENCY_ONLY = new Interconnect(Double.MAX_VALUE, 1);
    private static final Interconnect BANDWIDTH_ONLY = new Interconnect(1, 0);

    @Test
    void seconds_powerOfTwo_countsMessagesAndBytesOfThePaper() {
        assertThat(AllReduce.HALVING_DOUBLING.seconds(100, 32, LATENCY_ONLY)).isCloseTo(10, within(1e-9));
        assertThat(AllReduce.RING.seconds(100, 32, LATENCY_ONLY)).isCloseTo(62, within(1e-9));
        assertThat(AllReduce.HALVING_DOUBLING.seconds(100, 32, BANDWIDTH_ONLY))
                .isCloseTo(200 * 31 / 32.0, within(1e-9));
        assertThat(AllReduce.RING.seconds(100, 32, BANDWIDTH_ONLY)).isCloseTo(200 * 31 / 32.0, within(1e-9));
    }

    @Test
    void seconds_oneProcess_costsNothing() {
        assertThat(AllReduce.HALVING_DOUBLING.seconds(100, 1, new Interconnect(1, 1)))
                .isZero();
        assertThat(AllReduce.RING.seconds(100, 1, new Interconnect(1, 1))).isZero();
    }

    @Test
    void seconds_noPowerOfTwo_sendASegmentToEveryOwner() {
        assertThat(AllReduce.HALVING_DOUBLING.seconds(100, 6, LATENCY_ONLY)).isCloseTo(10, within(1e-9));
        assertThat(AllReduce.HALVING_DOUBLING.seconds(100, 6, BANDWIDTH_ONLY)).isCloseTo(200 * 5 / 6.0, within(1e-9));
    }
}
