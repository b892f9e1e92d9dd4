package dev.lockstep.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With a script in place of ssh, which runs the command on this machine. */
class SshLauncherTest {
    @TempDir
    Path folder;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(List<String> commands) throws IOException {
        Path ssh = folder.resolve("ssh");
        Files.writeString(ssh, "#!/bin/sh\n[ \"$1\" != unreachable ] || exit 255\nshift\nexec sh -c \"$*\"\n");
        Files.setPosixFilePermissions(ssh, PosixFilePermissions.fromString("rwx------"));
        return new SshLauncher(
                        List.of(ssh.toString()),
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8))
                .run(commands.size() > 2 ? List.of("a", "b", "unreachable") : List.of("a", "b"), commands, "a secret");
    }

    @Test
    void commands_getTheSecret_andTheirOutputIsShown() throws IOException {
        assertThat(run(List.of("read s; echo \"0 $s\"", "read s; echo \"1 $s\"")))
                .isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("0 a secret\n");
        assertThat(err.toString(StandardCharsets.UTF_8)).isEqualTo("[b] 1 a secret\n");
    }

    @Test
    void hostThatFails_givesItsExitCode() throws IOException {
        assertThat(run(List.of("true", "exit 3"))).isEqualTo(3);
    }

    @Test
    void hostThatCannotBeReached_isNamed() throws IOException {
        assertThat(run(List.of("true", "true", "true"))).isEqualTo(4);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .startsWith("error: the connection to unreachable failed, exit code = 255, try '");
    }

    @Test
    void sshThatIsMissing_isSaid() {
        assertThatThrownBy(() -> new SshLauncher(List.of("no-such-program-xyz"), System.out, System.err)
                        .run(List.of("a"), List.of("true"), "s"))
                .hasMessageStartingWith("ssh cannot be started: ");
    }

    @Property(tries = 20)
    void quoted_isOneWordOfTheShell(@ForAll @CharRange(from = ' ', to = '~') String word) throws Exception {
        Process shell = new ProcessBuilder("sh", "-c", "printf %s " + SshLauncher.quoted(word)).start();
        assertThat(new String(shell.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                .isEqualTo(word);
    }
}
