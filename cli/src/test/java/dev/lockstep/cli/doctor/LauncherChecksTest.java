package dev.lockstep.cli.doctor;

import static dev.lockstep.cli.doctor.Machines.about;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cli.doctor.Finding.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LauncherChecksTest {
    @TempDir
    Path root;

    private List<Finding> in(Map<String, String> environment) {
        Machine machine = Machines.good(root);
        machine.environment().putAll(environment);
        return LauncherChecks.all(machine);
    }

    private static Map<String, String> task() {
        return Map.of(
                "SLURM_JOB_ID", "7",
                "SLURM_STEP_ID", "0",
                "SLURM_PROCID", "3",
                "SLURM_STEP_NUM_TASKS", "4",
                "SLURM_NODEID", "1",
                "SLURM_STEP_TASKS_PER_NODE", "2(x2)",
                "SLURM_STEP_NODELIST", "n[1-2]");
    }

    @Test
    void noLauncher_saysThatTrainRunsAlone() {
        assertThat(in(Map.of()))
                .singleElement()
                .extracting(Finding::value)
                .isEqualTo("none: train runs alone, or with --procs");
    }

    @Test
    void taskOfSlurm_saysWhatFollows() {
        List<Finding> findings = in(task());
        assertThat(about("started by", findings).value()).isEqualTo("Slurm: train joins its group");
        assertThat(about("rank", findings).value()).isEqualTo("3 of 4");
        assertThat(about("rank 0 listens at", findings).value()).isEqualTo("n1:15070");
        assertThat(about("processes here", findings).value()).isEqualTo("2");
        assertThat(about("compute threads", findings).value()).isEqualTo("1 of 2 cores");
        assertThat(about("secret", findings).level()).isEqualTo(Level.WARN);
    }

    @Test
    void secret_isNamed_andChecked() throws Exception {
        Path file = Files.writeString(root.resolve("secret"), "sixteen characters");
        Map<String, String> environment = new java.util.HashMap<>(task());
        environment.put("LOCKSTEP_GROUP_SECRET", file.toString());
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        assertThat(about("started by", in(environment).subList(5, 6)).fix()).isEqualTo("chmod 600 " + file);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        assertThat(about("secret", in(environment)).value()).isEqualTo("LOCKSTEP_GROUP_SECRET = " + file);
    }

    @Test
    void podThatStartsItsProcesses_saysSo() {
        List<Finding> findings = in(Map.of(
                "PET_NNODES", "2",
                "PET_NODE_RANK", "1",
                "PET_NPROC_PER_NODE", "4",
                "PET_MASTER_ADDR", "job-node-0-0.job",
                "PET_MASTER_PORT", "29500"));
        assertThat(about("started by", findings).value())
                .isEqualTo("Kubeflow Trainer: train starts this machine's processes");
        assertThat(about("processes here", findings).value()).isEqualTo("4 of 8");
    }

    @Test
    void halfAGroup_isFatal_withTheFix() {
        Finding finding = about("started by", in(Map.of("RANK", "0", "WORLD_SIZE", "2")));
        assertThat(finding.level()).isEqualTo(Level.FAIL);
        assertThat(finding.value()).startsWith("RANK = 0 is set but MASTER_ADDR, MASTER_PORT are not");
    }
}
