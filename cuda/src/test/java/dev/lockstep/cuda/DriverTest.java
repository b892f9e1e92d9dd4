package dev.lockstep.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DriverTest {
    @TempDir
    Path root;

    private void file(String name, String contents) throws IOException {
        Path file = root.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, contents);
    }

    @Test
    void machineWithoutADriver_hasNone() {
        assertThat(Driver.of(root, "")).isEqualTo(new Driver("", "", 0));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.82.07  Fri Aug  8 02:11:26 UTC 2025\n",
                "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.82.07  Release Build  (x@y)\n"
            })
    void version_isThatOfTheKernelModule(String line) throws IOException {
        file("proc/driver/nvidia/version", line + "GCC version:  gcc version 13.3.0\n");
        assertThat(Driver.of(root, "").version()).isEqualTo("580.82.07");
    }

    @Test
    void library_isFoundWhereTheLinkerLooks() throws IOException {
        file("given/libcuda.so.1", "");
        assertThat(Driver.of(root, "/nowhere:" + root.resolve("given")).library())
                .isEqualTo(root.resolve("given/libcuda.so.1").toString());
        file("usr/lib64/libcuda.so.1", "");
        assertThat(Driver.of(root, "").library())
                .isEqualTo(root.resolve("usr/lib64/libcuda.so.1").toString());
    }

    @Test
    void library_isFoundInTheLinkersCache() throws IOException {
        file("etc/ld.so.cache", "glibc-ld.so.cache1.1\0libcudart.so.1\0/opt/odd/libcuda.so.12\0");
        assertThat(Driver.of(root, "").isThere()).isFalse();
        file("etc/ld.so.cache", "glibc-ld.so.cache1.1\0libcuda.so.1\0/opt/odd/libcuda.so.1\0");
        assertThat(Driver.of(root, "").isThere()).isTrue();
    }

    @Test
    void cards_areDeviceFiles() throws IOException {
        for (String name : new String[] {"nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm", "null"}) {
            file("dev/" + name, "");
        }
        assertThat(Driver.of(root, "").cards()).isEqualTo(2);
    }
}
