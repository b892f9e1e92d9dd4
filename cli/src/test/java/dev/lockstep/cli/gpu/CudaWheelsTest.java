package dev.lockstep.cli.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CudaWheelsTest {
    @TempDir
    private Path temp;

    @Test
    void everyPinHasAVersionAHashAndASize() {
        CudaWheels pinned = CudaWheels.pinned();

        assertThat(pinned.count())
                .isEqualTo(pinned.requirements()
                        .lines()
                        .filter(line -> !line.startsWith("#"))
                        .count())
                .isEqualTo(12);
        assertThat(pinned.bytes()).isEqualTo(1_881_938_831L);
    }

    @Test
    void onlyLibrariesAreTakenOut() throws IOException {
        Path wheel =
                wheel("a.whl", "nvidia/cu13/lib/libcublas.so.13", "nvidia/cu13/include/cublas.h", "x.dist-info/RECORD");
        Path folder = Files.createDirectory(temp.resolve("lib"));

        CudaWheels.unpack(wheel, folder);

        assertThat(folder.toFile().list()).containsExactly("libcublas.so.13");
        assertThat(folder.resolve("libcublas.so.13")).hasContent("nvidia/cu13/lib/libcublas.so.13");
    }

    private Path wheel(String name, String... entries) throws IOException {
        Path wheel = temp.resolve(name);
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(wheel))) {
            for (String entry : entries) {
                zip.putNextEntry(new ZipEntry(entry));
                zip.write(entry.getBytes(StandardCharsets.UTF_8));
                zip.closeEntry();
            }
        }
        return wheel;
    }

    /** A command in place of Python, whose pip "fetches" a wheel, or fails. */
    private Path python(String lines) throws IOException {
        Path python = temp.resolve("python");
        Files.writeString(python, "#!/bin/sh\n" + lines);
        Files.setPosixFilePermissions(python, PosixFilePermissions.fromString("rwx------"));
        return python;
    }

    @Test
    void installsWhatPipFetches() throws Exception {
        Path wheel = wheel("b.whl", "nvidia/nccl/lib/libnccl.so.2");
        Path python = python("for last; do :; done\ngrep -q sha256 \"$last\" || exit 9\n"
                + "while [ \"$1\" != --dest ]; do shift; done\ncp " + wheel + " \"$2\"\n");
        Path folder = temp.resolve("cache/cuda/13.3");

        CudaWheels.pinned().install(folder, python.toString());

        assertThat(folder.toFile().list()).containsExactly("libnccl.so.2");
        assertThat(folder.getParent().toFile().list()).containsExactly("13.3");
    }

    @Test
    void aFailedDownloadLeavesWhatWasThere() throws Exception {
        Path python = python("echo 'ERROR: THESE PACKAGES DO NOT MATCH THE HASHES'; exit 1\n");
        Path folder = Files.createDirectories(temp.resolve("cache/13.3"));
        Files.writeString(folder.resolve("libnccl.so.2"), "old");

        assertThatThrownBy(() -> CudaWheels.pinned().install(folder, python.toString()))
                .isInstanceOf(LockstepException.class)
                .hasMessageStartingWith("pip could not fetch the CUDA libraries: ERROR: THESE PACKAGES DO NOT MATCH THE"
                        + " HASHES, command = " + python + " -m pip download, check the network");
        assertThat(folder.resolve("libnccl.so.2")).hasContent("old");
        assertThat(folder.getParent().toFile().list()).containsExactly("13.3");
    }

    @Test
    void noPythonIsSaid() {
        assertThatThrownBy(() -> CudaWheels.pinned().install(temp.resolve("13.3"), "no-such-python"))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("command = no-such-python")
                .hasMessageEndingWith("gpu-setup --from DIR");
        assertThat(temp.toFile().list()).isEmpty();
    }
}
