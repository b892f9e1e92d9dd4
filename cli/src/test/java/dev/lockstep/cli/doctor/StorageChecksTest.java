package dev.lockstep.cli.doctor;

import static dev.lockstep.cli.doctor.Machines.about;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cli.doctor.Finding.Level;
import dev.lockstep.natives.NativeLibraries;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StorageChecksTest {
    @TempDir
    Path root;

    private Machine machine;
    private Path cache;

    @BeforeEach
    void makeMachine() throws IOException {
        root = root.toRealPath();
        machine = Machines.good(root);
        cache = root.resolve(".cache/lockstep/natives");
    }

    @Test
    void nativeCache_nothingUnpacked_isOk() {
        Finding finding = nativeCache();
        assertThat(finding.level()).isEqualTo(Level.OK);
        assertThat(finding.value()).isEqualTo(cache + ", empty: the first command fills it");
    }

    @Test
    void nativeCache_damaged_namesTheFileAndTheNextCommandRepairsIt() throws IOException {
        Path library = unpackPartOfALibrary();
        Finding finding = nativeCache();
        assertThat(finding.level()).isEqualTo(Level.WARN);
        assertThat(finding.value()).isEqualTo("damaged: " + library);
    }

    @Test
    void nativeCache_unpacked_showsOwnerModeAndSize() {
        cache = NativeLibraries.unpack();
        machine.properties().setProperty("org.bytedeco.javacpp.cachedir", cache.toString());
        Finding finding = nativeCache();
        assertThat(finding.level()).isEqualTo(Level.OK);
        assertThat(finding.value()).startsWith(cache + ", ").containsPattern(" rwx......, \\d+ libraries, \\d+ MiB");
    }

    @Test
    void nativeCache_othersMayWriteThere_fails() throws IOException {
        Files.createDirectories(cache);
        Files.setAttribute(cache, "unix:mode", 0777);
        Finding finding = nativeCache();
        assertThat(finding.level()).isEqualTo(Level.FAIL);
        assertThat(finding.value()).contains("another user could put code", cache.toString());
        assertThat(finding.fix()).contains("LOCKSTEP_CACHE");
    }

    @Test
    void nativeCache_userWithoutHome_fails() {
        machine.properties().setProperty("user.home", "?");
        Finding finding = nativeCache();
        assertThat(finding.level()).isEqualTo(Level.FAIL);
        assertThat(finding.fix()).contains("LOCKSTEP_CACHE");
    }

    @Test
    void nativeCache_isAFile_fails() throws IOException {
        Path file = Files.writeString(root.resolve("cache"), "");
        machine.properties().setProperty("org.bytedeco.javacpp.cachedir", file.toString());
        Finding finding = nativeCache();
        assertThat(finding.level()).isEqualTo(Level.FAIL);
        assertThat(finding.value()).contains(file.toString());
    }

    @Test
    void space_anyFileSystem_showsFreeSpace() {
        assertThat(about("space for runs", StorageChecks.all(machine)).value()).endsWith(" free in " + root);
        machine.properties().setProperty("user.dir", root.resolve("absent").toString());
        assertThat(about("space for runs", StorageChecks.all(machine)).fix()).contains("--out");
    }

    private Finding nativeCache() {
        return about("native cache", StorageChecks.all(machine));
    }

    /** As left by a file system that lost power. */
    private Path unpackPartOfALibrary() throws IOException {
        Path whole = NativeLibraries.unpack();
        try (Stream<Path> files = Files.walk(whole)) {
            Path file = files.filter(path -> path.endsWith(System.mapLibraryName("jnijavacpp")))
                    .findFirst()
                    .orElseThrow();
            Path part = cache.resolve(whole.relativize(file));
            Files.createDirectories(part.getParent());
            return Files.write(part, new byte[1000]);
        }
    }
}
