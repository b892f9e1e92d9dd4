package dev.lockstep.cli.doctor;

import static dev.lockstep.cli.doctor.Machines.about;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cli.doctor.Finding.Level;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

final class NativeReportTest {
    @Test
    void of_probeThatReports_becomesFindings() {
        List<Finding> findings = NativeChecks.all(
                shell("echo noise; echo '{\"libtorch\":\"2.13\",\"javacpp\":\"1.5\",\"cpu\":\"AVX2\",\"threads\":1,"
                        + "\"seconds\":1.25,\"loopback\":\"\",\"host\":\"no route\"}'"));
        assertThat(about("libtorch", findings).value()).isEqualTo("2.13, loaded in 1.3 s");
        assertThat(about("CPU", findings)).isEqualTo(Finding.ok("native code", "CPU", "AVX2"));
        assertThat(about("Gloo on this machine", findings).level()).isEqualTo(Level.OK);
        assertThat(about("Gloo between machines", findings).level()).isEqualTo(Level.WARN);
        assertThat(about("Gloo between machines", findings).value()).isEqualTo("no route");
    }

    @Test
    void of_probeOfAnOldCpu_warns() {
        List<Finding> findings =
                NativeChecks.all(shell("echo '{\"cpu\":\"DEFAULT\",\"threads\":4,\"loopback\":\"refused\"}'"));
        assertThat(about("CPU", findings).level()).isEqualTo(Level.WARN);
        assertThat(about("threads of libtorch", findings).level()).isEqualTo(Level.WARN);
        assertThat(about("Gloo on this machine", findings).level()).isEqualTo(Level.FAIL);
    }

    @Test
    void of_probeOfABuildForGpus_tellsLibrariesAndWhatIsWrong() {
        List<Finding> findings =
                NativeChecks.all(shell("echo '{\"libraries\":[{\"name\":\"NCCL\",\"compiled\":\"2.30.7\","
                        + "\"loaded\":\"2.30.7\",\"problem\":\"\"},{\"name\":\"cuDNN\",\"compiled\":\"9.25.0\","
                        + "\"loaded\":\"9.19.0\",\"problem\":\"it is older\"}]}'"));
        assertThat(about("NCCL", findings))
                .isEqualTo(Finding.ok("GPU", "NCCL", "2.30.7, libtorch was compiled with 2.30.7"));
        assertThat(about("cuDNN", findings).level()).isEqualTo(Level.WARN);
        assertThat(about("cuDNN", findings).value())
                .isEqualTo("9.19.0, libtorch was compiled with 9.25.0: it is older");
    }

    @Test
    void of_probeThatCrashes_namesTheSignal() {
        assertThat(failure("kill -ILL $$")).isEqualTo("the process was ended by signal 4");
    }

    @Test
    void of_probeThatFails_showsItsLastLine() {
        assertThat(failure("echo first >&2; echo 'libtorch cannot be loaded' >&2; exit 1"))
                .isEqualTo("the process ended with exit code 1: libtorch cannot be loaded");
    }

    @Test
    void of_probeThatPrintsNoJson_showsIt() {
        assertThat(failure("echo hello")).isEqualTo("the probe printed: hello");
    }

    @Test
    void of_probeThatHangs_isEnded() {
        NativeReport report = NativeReport.of(List.of("sleep", "60"), Duration.ofMillis(50));
        assertThat(report.failure()).isEqualTo("still loading after 0 s");
    }

    @Test
    void of_noSuchCommand_isAFailure() {
        assertThat(NativeReport.of(List.of("/no/such/java"), Duration.ofSeconds(1))
                        .failure())
                .startsWith("cannot start the probe: ");
    }

    @Test
    void all_failure_isFatalAndNamesThePlatforms() {
        List<Finding> findings = NativeChecks.all(shell("exit 1"));
        assertThat(findings).hasSize(1);
        assertThat(findings.get(0).level()).isEqualTo(Level.FAIL);
        assertThat(findings.get(0).fix()).contains("native cache", "64-bit Linux");
    }

    private static String failure(String script) {
        return shell(script).failure();
    }

    private static NativeReport shell(String script) {
        return NativeReport.of(List.of("sh", "-c", script), Duration.ofSeconds(30));
    }
}
