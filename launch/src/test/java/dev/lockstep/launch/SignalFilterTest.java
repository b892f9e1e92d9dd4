package dev.lockstep.launch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SignalFilterTest {
    @ParameterizedTest
    @CsvSource({
        // A user's own process: all count, the second one ends it.
        "false, false, INT,  false, true",
        "false, false, HUP,  false, true",
        "false, false, TERM, true,  true",
        "false, false, INT,  true,  true",
        // Of torchrun, which passes on what the process may have had already.
        "false, true,  INT,  false, true",
        "false, true,  TERM, false, true",
        "false, true,  TERM, true,  false",
        // Of Lockstep, which passes on everything as SIGTERM.
        "true,  false, INT,  false, false",
        "true,  false, HUP,  false, false",
        "true,  false, TERM, false, true",
        "true,  false, TERM, true,  false",
    })
    void counts(boolean child, boolean torchrun, String name, boolean again, boolean expected) {
        Map<String, String> environment = torchrun ? Map.of("TORCHELASTIC_RUN_ID", "none", "RANK", "0") : Map.of();
        assertThat(SignalFilter.of(child, environment).counts(name, again)).isEqualTo(expected);
    }
}
