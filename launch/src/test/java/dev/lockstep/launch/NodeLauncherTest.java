package dev.lockstep.launch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.supervise.HostName;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("slow")
class NodeLauncherTest {
    private static final Node SECOND_OF_TWO = new Node(1, 2, 2, "head", 12_345);
    private static final Node ALONE = new Node(0, 1, 2, "127.0.0.1", 12_345);

    @TempDir
    Path folder;

    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final NodeLauncher launcher = new NodeLauncher(
            FakeRank.class.getName(),
            Map.of("GIVEN", "this"),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            Duration.ofMillis(200));

    private int run(Node node, String what) {
        return launcher.run(node, List.of(folder.toString(), what));
    }

    @Test
    void processes_getTheirPlaces() throws IOException {
        assertThat(run(SECOND_OF_TWO, "end")).isZero();
        assertThat(Files.readString(folder.resolve("2"))).isEqualTo("2 4 0 2 head 12345 this");
        assertThat(Files.readString(folder.resolve("3"))).isEqualTo("3 4 1 2 head 12345 this");
        assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
    }

    @Test
    void failure_endsTheOthers_withItsExitCode() {
        assertThat(run(ALONE, "fail")).isEqualTo(3);
    }

    @Test
    void killedProcess_isNamed() {
        assertThat(run(ALONE, "die")).isEqualTo(4);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .isEqualTo(
                        "error: rank 1 on " + HostName.own() + " was killed by signal 9 (SIGKILL), exit status 137\n");
    }

    @Test
    void stop_isPassedOn() throws Exception {
        CompletableFuture<Integer> running = CompletableFuture.supplyAsync(() -> run(ALONE, "wait"));
        while (!Files.exists(folder.resolve("0")) || !Files.exists(folder.resolve("1"))) {
            Thread.sleep(10);
        }
        launcher.stop();
        assertThat(running.get()).isEqualTo(143);
    }
}
