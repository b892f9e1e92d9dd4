package dev.lockstep.natives;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Kills first starts while they unpack the real libraries, and checks the starts that follow. */
@Timeout(240)
final class UnpackingKillsIT {
    /** Bytes, of the 458 MiB of libtorch and what it needs: early enough that a busy machine does not end first. */
    private static final int BEFORE = 250 << 20;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"KILL", "INT", "TERM"})
    void firstStart_killedWhileUnpacking_isRepairedByTheNext(String signal) throws Exception {
        LoadingJvm jvm = new LoadingJvm(folder);
        long moment = new Random().nextInt(BEFORE);
        Process process = jvm.start("all");
        while (process.isAlive() && unpacked(jvm.natives()) < moment) {
            Thread.onSpinWait();
        }
        new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                .start()
                .waitFor();
        assertThat(process.waitFor()).as("killed at %d bytes", moment).isGreaterThan(128);

        jvm.assertSeveralAtOnceAreGood();
        try (Stream<Path> files = Files.walk(folder)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .noneMatch(name -> name.startsWith("crash-") || name.startsWith(".unpacking-"));
        }
    }

    private static long unpacked(Path cache) {
        try (Stream<Path> files = Files.walk(cache)) {
            return files.mapToLong(file -> file.toFile().length()).sum();
        } catch (IOException | java.io.UncheckedIOException e) {
            // Does not exist yet, or a file was just renamed.
            return 0;
        }
    }
}
