package dev.lockstep.image.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/** Needs a Debian machine with a network: set {@code LOCKSTEP_TEST_NETWORK=true}. */
@EnabledIfEnvironmentVariable(named = "LOCKSTEP_TEST_NETWORK", matches = "true")
final class DebianPackageTest {
    @TempDir
    Path folder;

    @Test
    void fetch_fashionMnist_givesTheFilesWithTheRightChecksums() {
        DatasetFetcher known =
                ((SmallImages) KnownDatasets.all().get(0)).fetcher().orElseThrow();
        DatasetFetcher bare = new DatasetFetcher(known.files(), List.of(), () -> folder, known.sources());

        assertThat(bare.locateVerified(Optional.empty())).isEqualTo(folder.resolve("fashion-mnist"));
    }

    @Test
    void fetch_unknownPackage_saysSoInOneLine() {
        assertThatIOException()
                .isThrownBy(() -> new DebianPackage("no-such-package", "usr").fetch(folder))
                .withMessageContaining("apt-get ended with exit code 100: E: ")
                .matches(e -> !e.getMessage().contains("\n"));
    }
}
