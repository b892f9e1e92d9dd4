package dev.lockstep.natives;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.files.CrashTest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Unpacking that fails or loses power at any change: under a library's name there is never a part of it. */
final class UnpackingCrashTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path temporary;

    private List<PackedLibrary> libraries;

    @BeforeEach
    void makeJar() throws IOException {
        libraries = FakeLibraries.in(temporary);
    }

    @Test
    void complete_whereThePowerGoes_leavesNoPartOfALibrary() throws IOException {
        int changes = new CrashTest(temporary).losePower(this::complete, this::requireNoPart);
        assertThat(changes).isGreaterThan(10);
    }

    @Test
    void complete_thatIsRefusedAnywhere_leavesNoPartOfALibrary() throws IOException {
        new CrashTest(temporary).refuse(this::complete, this::requireNoPart);
    }

    /** In few writes: every one of them is a place to fail. */
    private void complete(Path folder, CrashTest.Acknowledged acknowledged) {
        Unpacking.Writing writing = (in, file) -> Unpacking.copy(new ByteArrayInputStream(in.readAllBytes()), file);
        new Unpacking(folder, Duration.ofMinutes(1), writing).complete(libraries);
        acknowledged.set(1);
    }

    /** What was unpacked may be lost: it is a cache. */
    private void requireNoPart(Path folder, long acknowledged) throws IOException {
        for (PackedLibrary library : libraries) {
            Path file = library.in(folder);
            assertThat(!Files.exists(file, LinkOption.NOFOLLOW_LINKS) || library.isIn(file))
                    .as(library.name())
                    .isTrue();
        }
        new Unpacking(folder).complete(libraries);
        for (PackedLibrary library : libraries) {
            assertThat(library.isUnpacked(folder)).isTrue();
            assertThat(library.isIn(library.in(folder))).isTrue();
        }
        try (Stream<Path> files = Files.walk(folder)) {
            assertThat(files).noneMatch(file -> file.getFileName().toString().startsWith(".unpacking-"));
        }
    }
}
