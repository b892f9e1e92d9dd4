package dev.lockstep.cli.doctor;

import static dev.lockstep.cli.doctor.Machines.about;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cli.doctor.Finding.Level;
import dev.lockstep.text.Format;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ProcessorChecksTest {
    @TempDir
    Path root;

    private Machine machine;

    @BeforeEach
    void makeMachine() {
        machine = Machines.good(root);
    }

    @Test
    void all_launcherEnvironment_isOk() {
        assertThat(ProcessorChecks.all(machine)).allMatch(finding -> finding.level() == Level.OK);
        assertThat(about("cores", ProcessorChecks.all(machine)).value()).isEqualTo("2: 2 lanes by default");
        assertThat(about("memory", ProcessorChecks.all(machine)).value()).isEqualTo("8.0 GiB");
    }

    @Test
    void all_container_showsItsLimitsBesideTheMachine() throws IOException {
        Files.createDirectories(root.resolve("proc"));
        Files.writeString(root.resolve("proc/cpuinfo"), "processor\t: 0\n\nprocessor\t: 1\n\nprocessor\t: 2\n");
        Files.writeString(root.resolve("proc/meminfo"), "MemTotal:       67108864 kB\nMemFree:  1 kB\n");
        assertThat(about("cores", ProcessorChecks.all(machine)).value())
                .isEqualTo("2 of 3 (limited to this process): 2 lanes by default");
        assertThat(about("memory", ProcessorChecks.all(machine)).value())
                .isEqualTo("8.0 GiB (container limit; the machine has 64.0 GiB)");
    }

    @Test
    void all_openMpThreadsNotOne_warns() {
        machine.environment().remove("OMP_NUM_THREADS");
        assertThat(about("OMP_NUM_THREADS", ProcessorChecks.all(machine)).value())
                .startsWith("not set: ");
        machine.environment().put("OMP_NUM_THREADS", "4");
        Finding finding = about("OMP_NUM_THREADS", ProcessorChecks.all(machine));
        assertThat(finding.level()).isEqualTo(Level.WARN);
        assertThat(finding.value()).startsWith("4: ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ATEN_CPU_CAPABILITY", "OPENBLAS_CORETYPE"})
    void all_otherArithmetic_warnsThatBitsChange(String name) {
        machine.environment().putAll(Map.of(name, "haswell"));
        Finding finding = about(name, ProcessorChecks.all(machine));
        assertThat(finding.value()).startsWith("haswell: ");
        assertThat(finding.level()).isEqualTo(Level.WARN);
        assertThat(finding.value()).contains("results may differ in some bits");
    }

    @Test
    void all_littleMemory_warns() {
        Machine small = new Machine(machine.environment(), machine.properties(), root, 1, Format.GIB, Format.GIB / 4);
        Finding finding = about("memory", ProcessorChecks.all(small));
        assertThat(finding.level()).isEqualTo(Level.WARN);
        assertThat(finding.fix()).contains("2.0 GiB");
    }
}
