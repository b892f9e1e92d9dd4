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
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Unpacking with a failure or a power failure at any change: a library's name never refers to a partial file. */
@Tag("slow")
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
    void complete_powerFailsAtAnyChange_leavesNoPartialLibrary() throws IOException {
        int changes = new CrashTest(temporary).losePower(this::complete, this::requireNoPart);
        assertThat(changes).isGreaterThan(10);
    }

    @Test
    void complete_anyChangeIsRejected_leavesNoPartialLibrary() throws IOException {
        new CrashTest(temporary).refuse(this::complete, this::requireNoPart);
    }

    /** Uses few writes, because the test fails at each of them. */
    private void complete(Path folder, CrashTest.Acknowledged acknowledged) {
        Unpacking.Writing writing = (in, file) -> Unpacking.copy(new ByteArrayInputStream(in.readAllBytes()), file);
        new Unpacking(folder, Duration.ofMinutes(1), writing).complete(libraries);
        acknowledged.set(1);
    }

    /** Unpacked libraries may be lost, because this is a cache. */
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
