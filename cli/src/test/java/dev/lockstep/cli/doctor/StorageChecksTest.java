package dev.lockstep.cli.doctor;

import static dev.lockstep.cli.doctor.Machines.about;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cli.doctor.Finding.Level;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StorageChecksTest {
    private static final String LIBRARY = "org/bytedeco/engine/linux-x86_64/libengine.so.1";

    @TempDir
    Path root;

    private Machine machine;
    private Path unpacked;

    @BeforeEach
    void makeJar() throws IOException {
        Path jar = root.resolve("engine-1.0-linux-x86_64.jar");
        try (OutputStream file = Files.newOutputStream(jar);
                JarOutputStream out = new JarOutputStream(file)) {
            out.putNextEntry(new JarEntry(LIBRARY));
            out.write(new byte[3 << 20]);
            out.putNextEntry(new JarEntry("org/bytedeco/engine/linux-x86_64/notes.txt"));
            out.write(1);
        }
        machine = Machines.good(root);
        machine.properties().setProperty("java.class.path", root.resolve("absent.jar") + ":" + jar);
        unpacked = root.resolve(".javacpp/cache").resolve(jar.getFileName()).resolve(LIBRARY);
    }

    @Test
    void nativeCache_nothingUnpacked_isWell() {
        Finding finding = about("native cache", StorageChecks.all(machine));
        assertThat(finding.level()).isEqualTo(Level.OK);
        assertThat(finding.value()).endsWith("empty: the first command unpacks into it");
    }

    @Test
    void nativeCache_unpacked_tellsItsSize() throws IOException {
        unpack(3 << 20);
        assertThat(about("native cache", StorageChecks.all(machine)).value()).endsWith("1 libraries, 3 MiB");
    }

    @Test
    void nativeCache_partlyUnpacked_namesTheFile() throws IOException {
        unpack(1 << 20);
        Finding finding = about("native cache", StorageChecks.all(machine));
        assertThat(finding.level()).isEqualTo(Level.WARN);
        assertThat(finding.value()).isEqualTo("partly unpacked: " + unpacked);
        assertThat(finding.mend()).startsWith("remove " + root.resolve(".javacpp/cache"));
    }

    @Test
    void nativeCache_isAFile_isNotWritable() throws IOException {
        Path file = Files.writeString(root.resolve("cache"), "");
        machine.properties().setProperty("org.bytedeco.javacpp.cachedir", file.toString());
        Finding finding = about("native cache", StorageChecks.all(machine));
        assertThat(finding.level()).isEqualTo(Level.WARN);
        assertThat(finding.value()).isEqualTo(file + " is not writable");
    }

    @Test
    void space_anyFileSystem_tellsHowMuch() {
        assertThat(about("space for runs", StorageChecks.all(machine)).value()).endsWith(" free in " + root);
        machine.properties().setProperty("user.dir", root.resolve("absent").toString());
        assertThat(about("space for runs", StorageChecks.all(machine)).mend()).contains("--out");
    }

    private void unpack(int bytes) throws IOException {
        Files.createDirectories(unpacked.getParent());
        Files.write(unpacked, new byte[bytes]);
    }
}
