package dev.lockstep.image.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class StoredCopiesTest {
    @ParameterizedTest
    @CsvSource({
        "'', 21474836480",
        "0, 0",
        "123, 123",
        "2K, 2048",
        "200G, 214748364800",
        "200GiB, 214748364800",
        "200GB, 200000000000",
        "1.5TiB, 1649267441664"
    })
    void variable_isASize(String text, long bytes) {
        assertThat(StoredCopies.bytes(Map.of("LOCKSTEP_DATA_CACHE", text))).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"much", "-1", "1 GB", "200g", "1.5.5G", "GiB"})
    void anythingElse_isRefusedWithTheNameOfTheSetting(String text) {
        assertThatThrownBy(() -> StoredCopies.bytes(Map.of("LOCKSTEP_DATA_CACHE", text)))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("LOCKSTEP_DATA_CACHE = " + text);
        assertThatThrownBy(() -> StoredCopies.limit("--data-cache", text))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("--data-cache = " + text);
    }

    @Test
    void limitOfThisProcess_countsBeforeTheVariable() {
        Map<String, String> environment = Map.of("LOCKSTEP_DATA_CACHE", "1G");
        try {
            StoredCopies.limit("--data-cache", "0");
            assertThat(StoredCopies.bytes(environment)).isZero();
        } finally {
            StoredCopies.reset();
        }
        assertThat(StoredCopies.bytes(environment)).isEqualTo(1L << 30);
    }
}
