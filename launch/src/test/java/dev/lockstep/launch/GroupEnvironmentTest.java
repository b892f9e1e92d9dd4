package dev.lockstep.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GroupEnvironmentTest {
    private static final Map<String, String> COMPLETE =
            Map.of("RANK", "1", "WORLD_SIZE", "4", "MASTER_ADDR", "localhost", "MASTER_PORT", "29500");

    @Test
    void nothingSet_isAlone() {
        assertThat(GroupEnvironment.from(Map.of("PATH", "/bin"))).isEmpty();
    }

    @Test
    void complete_isRead() {
        assertThat(GroupEnvironment.from(COMPLETE)).contains(new GroupEnvironment(1, 4, "localhost", 29500));
    }

    @Test
    void partial_namesWhatIsMissing() {
        assertRefused(
                Map.of("RANK", "1", "WORLD_SIZE", "4"),
                "RANK = 1 is set but MASTER_ADDR, MASTER_PORT are not, environment of this process, set"
                        + " all of RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT to join a group, or none to"
                        + " run alone");
    }

    @ParameterizedTest
    @CsvSource({
        "RANK, 4, 'RANK = 4 is not a whole number from 0 to 3'",
        "RANK, -1, 'RANK = -1 is not a whole number from 0 to 3'",
        "RANK, '', 'RANK =  is not a whole number from 0 to 3'",
        "WORLD_SIZE, 0, 'WORLD_SIZE = 0 is not a whole number from 1 to 4096'",
        "WORLD_SIZE, two, 'WORLD_SIZE = two is not a whole number from 1 to 4096'",
        "WORLD_SIZE, 30000000, 'WORLD_SIZE = 30000000 is not a whole number from 1 to 4096'",
        "MASTER_PORT, 70000, 'MASTER_PORT = 70000 is not a whole number from 0 to 65535'",
        "MASTER_PORT, 99999999999, 'MASTER_PORT = 99999999999 is not a whole number from 0 to 65535'",
        "MASTER_ADDR, ' ', 'MASTER_ADDR =  is not the host name or the address of rank 0'"
    })
    void invalid_namesVariableAndValue(String name, String value, String message) {
        Map<String, String> environment = new HashMap<>(COMPLETE);
        environment.put(name, value);
        assertRefused(environment, message + ", environment of this process, correct it");
    }

    private static void assertRefused(Map<String, String> environment, String message) {
        assertThatThrownBy(() -> GroupEnvironment.from(environment))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(2))
                .hasMessageStartingWith(message);
    }
}
