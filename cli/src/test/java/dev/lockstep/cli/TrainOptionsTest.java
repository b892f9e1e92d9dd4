package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class TrainOptionsTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({"--stop-after, -2, 0", "--procs, 0, 1", "--peer-timeout, 0, 1", "--max-restarts, -1, 0"})
    void tooSmallValue_isAUsageErrorThatSaysWhatToGive(String option, String value, String least) throws IOException {
        CapturedRun run =
                CapturedRun.of("train", TinyStudy.endlessRecipe(folder).toString(), option + "=" + value);
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err())
                .isEqualTo("error: " + option + " = " + value + " is too small, give at least " + least + "\n");
    }

    @Test
    void bucketsOfNothing_areAUsageError() throws IOException {
        CapturedRun run =
                CapturedRun.of("train", TinyStudy.endlessRecipe(folder).toString(), "--bucket-mb", "0");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err())
                .isEqualTo("error: --bucket-mb = 0.0 is out of range, give more than 0 and at most 4096\n");
    }

    /** torchrun says how many processes of the group share this machine; a word that is no such number says nothing. */
    @ParameterizedTest
    @CsvSource({"2, 2", "1, 1", "16, 8", "0, 8", "-1, 8", "two, 8", "'', 8", "99999999999, 8", ", 8"})
    void processesHere_areWhatTorchrunSays_elseAll(@Nullable String said, int expected) {
        Map<String, String> environment = said == null ? Map.of() : Map.of("LOCAL_WORLD_SIZE", said);
        assertThat(TrainOptions.processesHere(environment, 8)).isEqualTo(expected);
    }
}
