package dev.lockstep.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ElasticTest {
    @Test
    void parse_fewestAndMost() {
        assertThat(Elastic.parse("2:4", true)).isEqualTo(new Elastic(2, 4, true));
        assertThat(Elastic.parse("3:3", false)).isEqualTo(new Elastic(3, 3, false));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "2", "0:3", "4:2", "2:", "a:b", "2:4:6"})
    void parse_anythingElse_isARecipeError(String text) {
        assertThatThrownBy(() -> Elastic.parse(text, true))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(2))
                .hasMessageStartingWith("--elastic = " + text)
                .hasMessageContaining("use MIN:MAX");
    }
}
