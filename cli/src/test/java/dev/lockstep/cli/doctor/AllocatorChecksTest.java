package dev.lockstep.cli.doctor;

import static dev.lockstep.cli.doctor.Machines.about;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cli.doctor.Finding.Level;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class AllocatorChecksTest {
    @TempDir
    Path root;

    private Machine machine;

    @BeforeEach
    void makeMachine() {
        machine = Machines.good(root);
    }

    @Test
    void all_launcherEnvironment_isOk() {
        assertThat(AllocatorChecks.all(machine))
                .hasSize(5)
                .allMatch(
                        finding -> finding.level() == Level.OK && finding.fix().isEmpty());
    }

    @ParameterizedTest
    @ValueSource(strings = {"MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "GLIBC_TUNABLES"})
    void all_variableNotSet_showsCostAndFix(String name) {
        String good = machine.environment().remove(name);
        Finding finding = about(name, AllocatorChecks.all(machine));
        assertThat(finding.level()).isEqualTo(Level.WARN);
        assertThat(finding.value()).startsWith("not set: ");
        assertThat(finding.fix()).contains("./lockstep").contains(name + "=" + good);
    }

    @ParameterizedTest
    @CsvSource({
        "MALLOC_MMAP_THRESHOLD_, 131072",
        "MALLOC_TRIM_THRESHOLD_, 4294967296",
        "MALLOC_TOP_PAD_, 0",
        "MALLOC_TOP_PAD_, 64M",
        "GLIBC_TUNABLES, glibc.malloc.arena_max=2",
        "GLIBC_TUNABLES, glibc.malloc.tcache_count=0",
        "GLIBC_TUNABLES, glibc.malloc.hugetlb=1"
    })
    void all_variableTooSmallOrWrong_warns(String name, String value) {
        machine.environment().put(name, value);
        Finding finding = about(name, AllocatorChecks.all(machine));
        assertThat(finding.level()).isEqualTo(Level.WARN);
        assertThat(finding.value()).startsWith(value);
    }

    @Test
    void all_tunablesAmongOthers_areFound() {
        machine.environment()
                .put("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0:glibc.malloc.arena_max=2:glibc.malloc.hugetlb=1");
        assertThat(about("GLIBC_TUNABLES", AllocatorChecks.all(machine)).level())
                .isEqualTo(Level.OK);
    }

    @Test
    void all_kernelWithoutHugePages_warns() throws IOException {
        Path setting = root.resolve("sys/kernel/mm/transparent_hugepage/enabled");
        Files.createDirectories(setting.getParent());
        Files.writeString(setting, "always madvise [never]\n");
        Finding finding = about("GLIBC_TUNABLES", AllocatorChecks.all(machine));
        assertThat(finding.level()).isEqualTo(Level.WARN);
        assertThat(finding.fix()).isEqualTo("as root: echo madvise > /sys/kernel/mm/transparent_hugepage/enabled");
        Files.writeString(setting, "always [madvise] never\n");
        assertThat(about("GLIBC_TUNABLES", AllocatorChecks.all(machine)).level())
                .isEqualTo(Level.OK);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "8g"})
    void all_memoryCheckOn_warns(String value) {
        machine.properties().setProperty("org.bytedeco.javacpp.maxPhysicalBytes", value);
        Finding finding = about("JavaCPP memory check", AllocatorChecks.all(machine));
        assertThat(finding.level()).isEqualTo(Level.WARN);
        assertThat(finding.fix()).contains("-Dorg.bytedeco.javacpp.maxPhysicalBytes=0");
    }

    @Test
    void all_notLinux_doesNotMentionGlibc() {
        machine.properties().setProperty("os.name", "Mac OS X");
        assertThat(AllocatorChecks.all(machine))
                .extracting(Finding::subject)
                .isEqualTo(List.of("JavaCPP memory check"));
    }
}
