package dev.lockstep.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.metrics.EpochMetrics;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainerStateTest {
    private static final int STEPS = 10;

    private static TrainerState after(int epochs) {
        TrainerState state = TrainerState.initial();
        for (int epoch = 0; epoch < epochs; epoch++) {
            state = state.plusStep(0.5, 3, List.of(1.0, 2.0, 0.5)).plusEpoch(epoch(epoch));
        }
        return state;
    }

    private static EpochMetrics epoch(int epoch) {
        return new EpochMetrics(epoch, 10L * (epoch + 1), 1, 0.5, 0.25, Double.NaN, Double.POSITIVE_INFINITY, 2);
    }

    @Test
    void json_doesNotGrowWithTheEpochs() {
        assertThat(after(100_000).toJson().length())
                .isLessThan(after(10).toJson().length() + 100);
    }

    @Test
    void json_isStrictAndReadAgain() throws IOException {
        TrainerState state = after(7);
        JsonNode json = new ObjectMapper().readTree(state.toJson());
        assertThat(json.at("/epochs/0/validationTop5Error").isNull()).isTrue();
        assertThat(json.at("/epochs/0/validationLoss").isNull()).isTrue();
        TrainerState read = TrainerState.fromJson(state.toJson(), 7 * STEPS, STEPS);
        assertThat(read.epochsDone()).isEqualTo(7);
        assertThat(read.epochs()).extracting(EpochMetrics::epoch).containsExactly(2, 3, 4, 5, 6);
        assertThat(read.epochs().get(0).validationLoss()).isNaN();
        assertThat(read.noise()).isEqualTo(state.noise());
        // Before the evaluation at the end of the eighth epoch.
        assertThat(TrainerState.fromJson(state.toJson(), 8 * STEPS, STEPS)).isEqualTo(read);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"epochsDone", "epochLoss", "epochWrong", "epochs", "noise", "badImages", "validationLoss", "step"
            })
    void json_withoutAKey_isADamagedCheckpoint(String key) {
        String whole = after(3).toJson();
        String without =
                whole.replaceAll("\"" + key + "\":(\\[.*?\\]|[^,\\]}]*),?", "").replaceAll(",(?=[]}])", "");
        assertThat(without).isNotEqualTo(whole);
        assertThatThrownBy(() -> TrainerState.fromJson(without, 3 * STEPS, STEPS))
                .isInstanceOf(LockstepException.class)
                .hasMessage("damaged checkpoint: the trainer's state, step = 30, use another one");
    }
}
