package dev.lockstep.cli.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bundles of a distribution with one small jar; the real one is bundled in the module dist. */
@Tag("slow")
final class BundleTest {
    @TempDir
    Path temp;

    private Path home;

    @BeforeEach
    void makeDistribution() throws Exception {
        home = temp.resolve("home");
        Files.createDirectories(home.resolve("bin"));
        Files.createDirectories(home.resolve("lib"));
        Files.createDirectories(home.resolve("jre/of/an/earlier/bundle"));
        Files.writeString(home.resolve("bin/lockstep"), "#!/bin/sh\n");
        Path jar = Path.of(NullMarked.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        Files.copy(jar, home.resolve("lib").resolve(jar.getFileName()));
    }

    private List<String> left() throws IOException {
        try (Stream<Path> files = Files.list(temp)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void make_copiesTheDistribution_andAddsAJavaThatRuns() throws Exception {
        Bundle bundle = Bundle.make(home, temp.resolve("bundle"), false, Set.of());
        assertThat(bundle.modules())
                .contains("java.base")
                .allMatch(name -> name.matches("java\\.base|jdk\\.crypto\\.ec"));
        assertThat(bundle.bytes()).isGreaterThan(10_000_000);
        assertThat(bundle.folder().resolve("bin/lockstep")).hasContent("#!/bin/sh\n");
        assertThat(bundle.folder().resolve("jre/of")).doesNotExist();
        assertThat(bundle.folder().resolve("natives")).doesNotExist();
        Process java = new ProcessBuilder(
                        bundle.folder().resolve("jre/bin/java").toString(), "-version")
                .redirectErrorStream(true)
                .start();
        assertThat(new String(java.getInputStream().readAllBytes()))
                .contains(Runtime.version().toString());
        assertThat(java.waitFor()).isZero();
        assertThat(left()).containsExactly("bundle", "home");
    }

    @Test
    void device_thatTheDistributionHasNoLibrariesFor_isRefused() throws IOException {
        Bundle.requireFor("cpu", home);
        assertThatThrownBy(() -> Bundle.requireFor("cuda", home)).hasMessageContaining("this distribution is for CPUs");
        Files.writeString(home.resolve("lib/pytorch-2.13.0-1.5.14-linux-x86_64-gpu.jar"), "");
        Bundle.requireFor("cuda", home);
        assertThatThrownBy(() -> Bundle.requireFor("cpu", home)).hasMessageContaining("this distribution is for GPUs");
        assertThatThrownBy(() -> Bundle.requireFor("tpu", home)).hasMessageContaining("--device = tpu");
    }

    @Test
    void make_jarThatIsNone_isAnError_andLeavesNothing() throws IOException {
        Files.writeString(home.resolve("lib/broken.jar"), "no jar");
        assertThatThrownBy(() -> Bundle.make(home, temp.resolve("bundle"), false, Set.of()))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("jdeps failed: ")
                .hasMessageContaining("java.home = ");
        assertThat(left()).containsExactly("home");
    }

    @Test
    void make_whereSomethingIs_isAnError_andKeepsIt() throws IOException {
        Path file = Files.writeString(temp.resolve("mine"), "precious");
        assertThatThrownBy(() -> Bundle.make(home, file, false, Set.of()))
                .isInstanceOf(LockstepException.class)
                .hasMessage("the bundle cannot be written: it exists already, folder = " + file
                        + ", choose another output folder");
        assertThat(file).hasContent("precious");
    }

    @Test
    void make_insideTheDistribution_isAnError() {
        assertThatThrownBy(() -> Bundle.make(home, home.resolve("lib/bundle"), false, Set.of()))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("it would be a part of itself, home = " + home);
    }

    @Test
    void distribution_ofACheckout_isAnError() {
        assertThat(Bundle.distribution(Map.of("LOCKSTEP_HOME", home.toString())))
                .isEqualTo(home);
        assertThatThrownBy(() -> Bundle.distribution(Map.of("LOCKSTEP_HOME", temp.toString())))
                .isInstanceOf(LockstepException.class)
                .hasMessageStartingWith("only a distribution can be bundled, home = " + temp + ", build one with mvn");
    }
}
