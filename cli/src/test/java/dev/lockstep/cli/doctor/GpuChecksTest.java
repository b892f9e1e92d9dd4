package dev.lockstep.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cli.doctor.Finding.Level;
import dev.lockstep.natives.CudaLibraries;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GpuChecksTest {
    private static final CudaLibraries NONE = CudaLibraries.in(List.of());
    private static final String H100 = "NVIDIA H100 80GB HBM3, 9.0, 81559 MiB";

    @TempDir
    private Path root;

    private Machine withDriver(String version) throws IOException {
        Path file = Files.createDirectories(root.resolve("proc/driver/nvidia")).resolve("version");
        Files.writeString(
                file,
                "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  " + version
                        + "  Release Build  (builder@host)  Wed Jan  1 00:00:00 UTC 2025\nGCC version:  gcc 12\n");
        return Machines.good(root);
    }

    private static Finding about(String subject, Machine machine, String cards) {
        return Machines.about(subject, GpuChecks.all(machine, NONE, () -> cards));
    }

    @Test
    void withoutADriverNothingIsWrong() {
        List<Finding> findings = GpuChecks.all(Machines.good(root), NONE, () -> H100);

        assertThat(findings).hasSize(1);
        assertThat(findings.get(0).level()).isEqualTo(Level.OK);
        assertThat(findings.get(0).value()).isEqualTo("none: runs compute on the CPU");
    }

    @Test
    void withoutADriverAnEnvironmentThatAsksForCudaFails() {
        Machine machine = Machines.good(root);
        machine.environment().put("LOCKSTEP_DEVICE", "cuda:1");

        Finding finding = about("NVIDIA driver", machine, H100);

        assertThat(finding.level()).isEqualTo(Level.FAIL);
        assertThat(finding.value()).isEqualTo("none, but LOCKSTEP_DEVICE = cuda:1");
    }

    @Test
    void driverAndCard() throws IOException {
        Machine machine = withDriver("580.65.06");

        assertThat(about("NVIDIA driver", machine, H100)).isEqualTo(Finding.ok("GPU", "NVIDIA driver", "580.65.06"));
        assertThat(about("card", machine, H100))
                .isEqualTo(Finding.ok("GPU", "card", "NVIDIA H100 80GB HBM3, sm_90, 80 GiB"));
    }

    @Test
    void anOldDriverIsSaid() throws IOException {
        Finding finding = about("NVIDIA driver", withDriver("535.183.01"), H100);

        assertThat(finding.level()).isEqualTo(Level.WARN);
        assertThat(finding.value()).isEqualTo("535.183.01 is too old for CUDA 13");
        assertThat(finding.fix()).isEqualTo("update it to 580 or newer, or use --device cpu");
    }

    @Test
    void aCardWithoutCodeIsSaid() throws IOException {
        Finding finding = about("card", withDriver("580.65.06"), "Tesla V100-SXM2-16GB, 7.0, 16384 MiB");

        assertThat(finding.level()).isEqualTo(Level.WARN);
        assertThat(finding.value()).isEqualTo("Tesla V100-SXM2-16GB, sm_70, 16 GiB: libtorch has no code for it");
    }

    @Test
    void missingLibrariesAreNamed() throws IOException {
        Finding finding = about("CUDA libraries", withDriver("580.65.06"), H100);

        assertThat(finding.level()).isEqualTo(Level.WARN);
        assertThat(finding.value()).startsWith("0 of 17, missing: libcudart.so.13, ");
        assertThat(finding.fix()).startsWith("run 'lockstep gpu-setup'");
    }
}
