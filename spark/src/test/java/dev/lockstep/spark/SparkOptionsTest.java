package dev.lockstep.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SparkOptionsTest {
    @TempDir
    private Path folder;

    @Test
    void options_incomplete_areRefused() {
        assertThatThrownBy(() -> new SparkOptions("", "/runs", 1))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("home is empty");
        assertThatThrownBy(() -> new SparkOptions("/opt/lockstep", " ", 1))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("runFolder is empty");
        assertThatThrownBy(() -> new SparkOptions("/opt/lockstep", "/runs", 0))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("processes = 0");
    }

    @Test
    void withArguments_adds() {
        assertThat(new SparkOptions("/opt/lockstep", "/runs", 1)
                        .withArguments("--data", "/d")
                        .withArguments("--keep", "1")
                        .arguments())
                .containsExactly("--data", "/d", "--keep", "1");
    }

    @Test
    void home_distributionOrCheckout_launcherIsFound() throws Exception {
        assertThatThrownBy(() -> Home.launcher(folder.toString()))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("home = " + folder);
        Path checkout = Files.createFile(folder.resolve("lockstep"));
        assertThat(Home.launcher(folder.toString())).isEqualTo(checkout);
        Files.delete(checkout);
        Path unpacked =
                Files.createDirectories(folder.resolve("lockstep-1.0/bin")).resolve("lockstep");
        Files.createFile(unpacked);
        assertThat(Home.launcher(folder.toString())).isEqualTo(unpacked);
    }
}
