package dev.lockstep.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RunResultTest {
    private static final RunResult RESULT = new RunResult(
            RunResult.Status.COMPLETED,
            "ab12",
            "da7a",
            4680,
            20,
            0.1012,
            Double.NaN,
            0.31,
            0.1034,
            0.2,
            0.08,
            5512.5,
            230,
            8,
            32,
            2,
            1,
            3);

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @Test
    void write_hasTheKeysOfTheContract() throws IOException {
        RESULT.write(folder);
        assertThat(new ObjectMapper()
                        .readTree(folder.resolve("result.json").toFile())
                        .fieldNames())
                .toIterable()
                .contains(
                        "weights_sha256",
                        "dataset_fingerprint",
                        "steps",
                        "epochs",
                        "validation_top1_error",
                        "median_last5_validation_top1_error",
                        "images_per_second",
                        "workers",
                        "images_per_worker",
                        "processes",
                        "lanes",
                        "bad_images");
        assertThat(Files.list(folder)).containsExactly(folder.resolve("result.json"));
    }

    @Test
    void read_returnsWhatWasWritten() {
        RESULT.write(folder);
        assertThat(RunResult.read(folder)).isEqualTo(RESULT);
    }

    @Test
    void read_ofATornFile_isAnErrorOfTheUser() throws IOException {
        Files.writeString(folder.resolve("result.json"), RESULT.toJson().substring(0, 40));
        assertThatThrownBy(() -> RunResult.read(folder))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("file = " + folder.resolve("result.json"));
    }
}
