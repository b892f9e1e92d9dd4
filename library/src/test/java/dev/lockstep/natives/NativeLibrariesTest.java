package dev.lockstep.natives;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.torch.TorchRuntime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real processes that are the first on a machine to need libtorch, all at once. */
@Timeout(120)
final class NativeLibrariesTest {
    private static final int PROCESSES = 3;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    /** What each process does. */
    static final class Load {
        private Load() {}

        public static void main(String[] arguments) {
            TorchRuntime.load();
        }
    }

    @Test
    void processesThatUnpackAtOnce_allLoad() throws Exception {
        Path cache = folder.resolve("cache");
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < PROCESSES; i++) {
            processes.add(start(cache, folder.resolve(i + ".log")));
        }
        try {
            for (int i = 0; i < PROCESSES; i++) {
                assertThat(processes.get(i).waitFor(100, TimeUnit.SECONDS)).isTrue();
                assertThat(processes.get(i).exitValue())
                        .as(Files.readString(folder.resolve(i + ".log")))
                        .isZero();
            }
        } finally {
            processes.forEach(Process::destroyForcibly);
        }
        try (var files = Files.list(cache)) {
            assertThat(files).anyMatch(file -> file.getFileName().toString().startsWith("lockstep-unpacked-pytorch-"));
        }
    }

    private Process start(Path cache, Path log) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Dorg.bytedeco.javacpp.cachedir=" + cache,
                        "-XX:ErrorFile=" + folder.resolve("crash-%p.log"),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Load.class.getName())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
    }
}
