package dev.lockstep.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkerSplitTest {
    @ParameterizedTest
    @ValueSource(strings = {"auto", "equal", "3,5", "8"})
    void parse_andBack(String text) {
        assertThat(WorkerSplit.parse(text)).hasToString(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "even", "3,", "3;5", "-1,9", "9999999999"})
    void parse_anythingElse_isARecipeError(String text) {
        assertThatThrownBy(() -> WorkerSplit.parse(text))
                .isInstanceOf(LockstepException.class)
                .hasMessageStartingWith("--worker-split = " + text)
                .hasMessageContaining("auto, equal or the workers of each process");
    }

    @Test
    void divide_startsAsTold() {
        assertThat(WorkerSplit.parse("3,5").divide(8, 2).sizes()).containsExactly(3, 5);
        assertThat(WorkerSplit.AUTO.divide(8, 2).sizes()).containsExactly(4, 4);
        assertThat(WorkerSplit.of(WorkerSplit.EQUAL.divide(8, 4))).hasToString("2,2,2,2");
    }

    @Test
    void divide_otherNumberOfProcesses_isARecipeError() {
        assertThatThrownBy(() -> WorkerSplit.parse("3,5").divide(8, 3))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("worker-split = 3,5, procs = 3");
    }
}
