package dev.lockstep.text;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class FormatTest {
    @ParameterizedTest
    @CsvSource({
        "0.00000025, 0.25 µs",
        "0.232, 232 ms",
        "1.5, 1.5 s",
        "59.96, 60 s",
        "60, 1 min 0 s",
        "3599.7, 1 h 0 min",
        "3720, 1 h 2 min",
        "104400, 1 d 5 h",
        "NaN, –"
    })
    void duration_anySize_readsWell(double seconds, String text) {
        assertThat(Format.duration(seconds)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"0, 0 B", "999, 999 B", "999.6, 1 kB", "102440672, 102 MB", "6.42e9, 6.42 GB", "1e18, 1000 PB"})
    void bytes_anySize_hasADecimalPrefix(double bytes, String text) {
        assertThat(Format.bytes(bytes)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"3.2, 3.2", "0.0039743589, 0.003974", "8192, 8192", "123456, 123500", "0, 0", "1e-7, 0.0000001"})
    void number_anySize_hasFourDigitsWithoutExponent(double value, String text) {
        assertThat(Format.number(value)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"0.4, 0 s", "59.4, 59 s", "60, 1:00", "3599, 59:59", "3661, 1:01:01", "NaN, –"})
    void clock_growsItsUnits(double seconds, String text) {
        assertThat(Format.clock(seconds)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"0.1161, 11.61 %", "1, 100.00 %", "NaN, –"})
    void error_hasTwoDecimalsAndItsSign(double fraction, String text) {
        assertThat(Format.error(fraction)).isEqualTo(text);
    }
}
