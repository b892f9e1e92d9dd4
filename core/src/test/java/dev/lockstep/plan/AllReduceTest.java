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
    void seconds_binaryBlocks_addTheExchangesBetweenBlocks() {
        // 6 = 4 + 2: the block of 4 alone takes 4 messages and 150 bytes; each of the 2 sends half of the 100 bytes, in
        // two messages, and gets them back.
        assertThat(AllReduce.HALVING_DOUBLING.seconds(100, 6, LATENCY_ONLY)).isCloseTo(4 + 2 * 2, within(1e-9));
        assertThat(AllReduce.HALVING_DOUBLING.seconds(100, 6, BANDWIDTH_ONLY)).isCloseTo(150 + 2 * 50, within(1e-9));
    }

    @Test
    void seconds_44Servers_haveBlocksOf32And8And4() {
        double blocks = 2 * (4.0 + 2.0);

        assertThat(AllReduce.HALVING_DOUBLING.seconds(100, 44, LATENCY_ONLY)).isCloseTo(10 + blocks, within(1e-9));
        assertThat(AllReduce.HALVING_DOUBLING.seconds(100, 44, BANDWIDTH_ONLY))
                .isCloseTo(200 * 31 / 32.0 + 2 * (100 / 8.0 + 100 / 4.0), within(1e-9));
    }
}
