package dev.lockstep.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.torch.Device.Memory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LaneFitTest {
    private static final long GIB = 1L << 30;

    /** Of 80 GiB, 68 may be used; a worker takes {@code each} GiB besides its gradients of 1 GiB. */
    @ParameterizedTest
    @CsvSource({
        "80, 1, 256, 8",
        "80, 9, 256, 5",
        "80, 19, 256, 2",
        "80, 60, 256, 1",
        "80, 90, 256, 1",
        "80, 1, 3, 3",
        "80, 1, 1, 1",
        "0, 1, 256, 1"
    })
    void lanes_leaveAReserve(long free, long each, int workers, int expected) {
        Memory before = new Memory(free * GIB, 2 * GIB, 2 * GIB);
        Memory after = new Memory(0, 3 * GIB, (2 + each) * GIB);
        assertThat(LaneFit.lanes(before, after, GIB, workers)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"1, 8", "64, 8", "256, 8"})
    void lanes_areNotMoreThanHelp(int each, int most) {
        Memory before = new Memory(1000 * GIB, 0, 0);
        assertThat(LaneFit.lanes(before, new Memory(0, 0, each * GIB / 256), 1, 1000))
                .isEqualTo(most)
                .isEqualTo(LaneFit.MOST);
    }
}
