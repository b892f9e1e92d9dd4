package dev.lockstep.natives;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.natives.CudaSupport.Capability;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CudaSupportTest {
    @ParameterizedTest
    @CsvSource({"7, 0, false", "7, 5, true", "8, 9, true", "9, 0, true", "11, 0, false", "12, 1, true", "6, 1, false"})
    void laterCardsOfAGeneration_runItsCode(int major, int minor, boolean supported) {
        assertThat(new Capability(major, minor).isSupported()).isEqualTo(supported);
    }

    @Test
    void architectures_areNamedAsBuildsAre() {
        assertThat(CudaSupport.architectures()).isEqualTo("sm_75, sm_80, sm_90, sm_100, sm_120");
    }
}
