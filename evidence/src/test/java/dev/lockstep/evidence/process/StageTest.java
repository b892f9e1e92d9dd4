package dev.lockstep.evidence.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.evidence.record.CaseResult;
import dev.lockstep.evidence.record.Report;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("slow")
final class StageTest {
    private static final Command SLEEP = Command.of("sh", "-c", "sleep 1000 & echo $!; wait");

    private final Report report = new Report(new PrintStream(OutputStream.nullOutputStream()), false);
    private final Stage stage = stage();

    private Stage stage() {
        try {
            return new Stage(new Checkout(Path.of("")), report);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @AfterEach
    void close() {
        stage.close();
    }

    private Running startPair(String log) throws Exception {
        Running pair = stage.start(SLEEP, log);
        assertThat(Await.within(10_000, () -> pair.log().says("^[0-9]+$"))).isTrue();
        return pair;
    }

    private static boolean isAlive(String pid) {
        return ProcessHandle.of(Long.parseLong(pid)).map(ProcessHandle::isAlive).orElse(false);
    }

    @Test
    void endOfTheStage_killsWholeGroupsAndRemovesTheFolder() throws Exception {
        Running pair = startPair("pair.log");
        String child = pair.log().lastLine();
        stage.close();
        assertThat(Await.within(10_000, () -> pair.gone() && !isAlive(child))).isTrue();
        assertThat(stage.path("pair.log")).doesNotExist();
    }

    @Test
    void caseThatThrows_failsAndItsProcessesEnd() throws Exception {
        Running[] pair = new Running[1];
        stage.check("one", "nothing", claims -> {
            pair[0] = startPair("pair.log");
            throw new IllegalStateException("broken");
        });
        assertThat(report.cases()).singleElement().satisfies(result -> {
            assertThat(result.good()).isFalse();
            assertThat(result.seen()).contains("broken");
        });
        assertThat(Await.within(10_000, pair[0]::gone)).isTrue();
    }

    @Test
    void signals_reachAProcess() throws Exception {
        Running pair = startPair("pair.log");
        pair.signalGroup(Signal.STOP);
        assertThat(Await.within(10_000, () -> pair.status("State").orElse("").startsWith("T")))
                .isTrue();
        pair.signalGroup(Signal.CONT);
        pair.signal(Signal.TERM);
        assertThat(pair.exitCode()).isEqualTo(143);
    }

    @Test
    void claims_areCollected() {
        stage.check("one", "good", claims -> {
            claims.claim(true, "not this");
            claims.claim(false, "this");
            claims.equal("exit code", 4, 5);
        });
        CaseResult result = report.cases().get(0);
        assertThat(result.seen()).isEqualTo("this; exit code is 5 instead of 4");
        assertThat(result.figures()).containsEntry("exit code", 5);
        assertThat(report.failed()).isTrue();
    }

    @Test
    void damage_changesOneBitOrTheLength() throws Exception {
        Path file = Files.write(stage.path("file"), new byte[] {1, 2, 3});
        Damage.flipBit(file, 1);
        assertThat(file).hasBinaryContent(new byte[] {1, 18, 3});
        Damage.truncate(file, 2);
        assertThat(file).hasBinaryContent(new byte[] {1, 18});
    }
}
