package dev.lockstep.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cli.CapturedRun;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LaunchCommandTest {
    @ParameterizedTest
    @CsvSource({
        "'-- plan r.yaml', 'only ''train'' can run in a group, command = plan'",
        "'--nnodes 2 -- train r.yaml', '--master is missing, --nnodes = 2'",
        "'--nnodes 2 --node-rank 2 --master a -- train r', '--node-rank = 2 is not a number from 0 to 1'",
        "'--nnodes 0 -- train r.yaml', '--nnodes = 0 is not a number from 1 to 4096'",
        "'--nproc-per-node 5000 -- train r.yaml', '--nproc-per-node = 5000 is not a number from 1 to 4096'",
        "'--nnodes 2 --master a:70000 -- train r', '--master = a:70000, not of the form HOST or HOST:PORT'",
        "'--nnodes 2 --master a:b:c -- train r', '--master = a:b:c, not of the form HOST or HOST:PORT'",
        "'--hosts a,b -- train r.yaml', '--hosts without --ssh'",
        "'--ssh -- train r.yaml', '--ssh without --hosts'",
        "'--hosts a,-oProxyCommand=x --ssh -- train r.yaml', '--hosts = a,-oProxyCommand=x'",
        "'--hosts a,b --nnodes 2 --ssh -- train r.yaml', '--hosts = a,b, --nnodes = 2'"
    })
    void wrongOptions_areNamed(String options, String message) {
        String[] arguments = Stream.concat(Stream.of("launch"), Stream.of(options.split(" ")))
                .toArray(String[]::new);
        CapturedRun run = CapturedRun.of(arguments);
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).startsWith("error: " + message);
    }
}
