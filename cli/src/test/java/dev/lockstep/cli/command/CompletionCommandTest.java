package dev.lockstep.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cli.CapturedRun;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The completion script in a real bash, and in a real zsh with a terminal, where a key is pressed. */
final class CompletionCommandTest {
    private static final String BASH = "source \"$1\"; shift; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1))\n"
            + "_complete_lockstep 2>/dev/null; printf '%s\\n' \"${COMPREPLY[@]}\"\n";
    /** Types a line and the tab key into an interactive zsh until the wanted text is on its screen, for at most 20 s. */
    private static final String ZSH = """
            zmodload zsh/zpty || exit 3
            zpty -b shell 'TERM=dumb zsh -f -i'
            seen=
            look() {
                for i in {1..200}; do
                    while zpty -r -t shell part; do seen+=$part; done
                    [[ $seen == *$~1* ]] && return 0
                    sleep 0.1
                done
                print -r -- "$seen"
                exit 1
            }
            zpty -w shell "PS1='> '; source ${(q)1}; print REA''DY"
            look READY
            seen=
            zpty -w -n shell "$2"$'\\t'
            look "$3"
            """;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @SuppressWarnings("NullAway.Init")
    private Path script;

    @BeforeEach
    void write() throws IOException {
        CapturedRun run = CapturedRun.of("completion");
        assertThat(run.exitCode()).isZero();
        script = Files.writeString(folder.resolve("completion"), run.out());
    }

    private static String run(int exitCode, String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(out).isEqualTo(exitCode);
        return out;
    }

    private List<String> bash(String... words) throws IOException, InterruptedException {
        String[] command = Stream.concat(Stream.of("bash", "-c", BASH, "bash", script.toString()), Stream.of(words))
                .toArray(String[]::new);
        return run(0, command).lines().toList();
    }

    @Test
    void bash_completesCommandsAndOptions() throws Exception {
        assertThat(bash("lockstep", "tr")).containsExactly("train");
        assertThat(bash("lockstep", "train", "--not")).containsExactly("--notify");
        assertThat(bash("lockstep", "data", "pa")).containsExactly("pack");
        assertThat(bash("lockstep", "nonsen")).containsExactly("");
    }

    @Test
    void zsh_completesCommandsAndOptions() throws Exception {
        boolean there =
                Stream.of(System.getenv("PATH").split(":")).anyMatch(path -> Files.isExecutable(Path.of(path, "zsh")));
        if (System.getenv("LOCKSTEP_ALL_TESTS") != null) {
            assertThat(there).as("no zsh found (apt-get install zsh)").isTrue();
        }
        Assumptions.assumeTrue(there, "no zsh found (apt-get install zsh)");
        run(0, "zsh", "-f", "-c", ZSH, "zsh", script.toString(), "lockstep tr", "lockstep train ");
        run(0, "zsh", "-f", "-c", ZSH, "zsh", script.toString(), "lockstep train --not", "lockstep train --notify ");
    }
}
