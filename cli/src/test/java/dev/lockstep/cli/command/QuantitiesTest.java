package dev.lockstep.cli.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.errors.LockstepException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class QuantitiesTest {
    @ParameterizedTest
    @CsvSource({"50Gbit, 6.25e9", "50Gbit/s, 6.25e9", "10 Gbps, 1.25e9", "1.2GB/s, 1.2e9", "800kbit, 1e5", ".5MB, 5e5"})
    void bytesPerSecond_anyUnit_isConverted(String text, double bytes) {
        assertThat(Quantities.bytesPerSecond("--bandwidth", text)).isCloseTo(bytes, within(1e-3));
    }

    @ParameterizedTest
    @CsvSource({
        "20us, 2e-5",
        "20µs, 2e-5",
        "1.5 ms, 1.5e-3",
        "90min, 5400",
        "90m, 5400",
        "1h, 3600",
        "2d, 172800",
        "0s, 0"
    })
    void seconds_anyUnit_isConverted(String text, double seconds) {
        assertThat(Quantities.seconds("--target", text)).isCloseTo(seconds, within(1e-9 + 1e-12 * seconds));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "50", "fast", "-1Gbit", "0Gbit", "1e9B", "50 Xbit"})
    void bytesPerSecond_nonsense_isRefused(String text) {
        assertThatThrownBy(() -> Quantities.bytesPerSecond("--bandwidth", text))
                .isInstanceOf(LockstepException.class)
                .hasMessage("--bandwidth = " + text + ", not a bandwidth, write, for example, 50Gbit or 1.2GB/s");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "5", "soon", "-1s", "1 week"})
    void seconds_nonsense_isRefused(String text) {
        assertThatThrownBy(() -> Quantities.seconds("--latency", text))
                .isInstanceOf(LockstepException.class)
                .hasMessageStartingWith("--latency = " + text + ", not a duration");
    }
}
