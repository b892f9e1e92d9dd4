package dev.lockstep.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CardsTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    private Cards cards(String script) throws IOException {
        Path program = Files.writeString(folder.resolve("nvidia-smi"), "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
        return new Cards("/nowhere:" + folder);
    }

    @Test
    void cards_areListedWithTheirUse() throws IOException {
        assertThat(cards("echo 'NVIDIA H100 80GB HBM3, 37, 1024, 81559'; echo 'Tesla T4, 0, 5, 15360'")
                        .describe())
                .containsExactly(
                        "NVIDIA H100 80GB HBM3, 37 % busy, 1024 of 81559 MiB in use",
                        "Tesla T4, 0 % busy, 5 of 15360 MiB in use");
    }

    @Test
    void problem_isShownAsItIs() throws IOException {
        assertThat(cards("echo 'NVIDIA-SMI has failed'; exit 9").describe()).containsExactly("NVIDIA-SMI has failed");
    }

    @Test
    void noProgram_meansNone() {
        assertThat(new Cards("/nowhere").describe()).containsExactly("none (nvidia-smi is not installed)");
    }
}
