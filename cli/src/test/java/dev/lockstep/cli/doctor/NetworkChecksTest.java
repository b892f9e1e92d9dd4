package dev.lockstep.cli.doctor;

import static dev.lockstep.cli.doctor.Machines.about;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cli.doctor.Finding.Level;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class NetworkChecksTest {
    @TempDir
    Path root;

    private Machine machine;

    @BeforeEach
    void makeMachine() {
        machine = Machines.good(root);
    }

    @Test
    void all_noGroup_looksAtLoopbackNameAndInterfaces() {
        List<Finding> findings = NetworkChecks.all(machine);
        assertThat(findings).extracting(Finding::subject).containsExactly("loopback", "host name", "interfaces");
        assertThat(about("loopback", findings).level()).isEqualTo(Level.OK);
    }

    @Test
    void all_unknownInterface_isFatal() {
        machine.environment().put("GLOO_SOCKET_IFNAME", "nosuch0,lo");
        Finding finding = about("GLOO_SOCKET_IFNAME", NetworkChecks.all(machine));
        assertThat(finding.level()).isEqualTo(Level.FAIL);
        assertThat(finding.value()).isEqualTo("nosuch0: no interface of this name is up");
    }
}
