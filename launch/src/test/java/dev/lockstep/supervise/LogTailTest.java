package dev.lockstep.supervise;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogTailTest {
    @TempDir
    private Path folder;

    @Test
    void lastLines_arePlain() {
        String text = "first\nsecond\n\u001b[31mred\u001b[0m\tline\n\n10 %\r20 %\r\n";
        assertThat(LogTail.lastLines(text)).containsExactly("red line", "10 %", "20 %");
    }

    @Test
    void longLine_isCut() {
        assertThat(LogTail.lastLines("x".repeat(1000)))
                .singleElement()
                .satisfies(line -> assertThat(line).hasSize(240).contains(" … "));
    }

    @Test
    void charactersThatTerminalsObey_areShown() {
        assertThat(LogTail.lastLines("a\u009b2J\u202eb\u001b]0;title\u0007"))
                .containsExactly("a\\u009b2J\\u202eb ]0;title");
    }

    @Test
    void lastError_isTheLastOfItsKind_elseTheLastLine() throws IOException {
        Path log = folder.resolve("train.log");
        Files.write(
                log, "error: one\nerror: two\nlast \u00ff\n".getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
        assertThat(LogTail.lastError(log)).isEqualTo("error: two");
        Files.writeString(log, "x".repeat(3_000_000) + "\nlast\n");
        assertThat(LogTail.lastError(log)).isEqualTo("last");
        assertThat(LogTail.lastError(folder.resolve("none"))).isEmpty();
    }

    @Test
    void of_looksAtNothingBeforeStart_andNotAtAllOfALongLog() throws IOException {
        Path log = folder.resolve("rank-0.log");
        Files.writeString(log, "life before\n");
        long start = Files.size(log);
        assertThat(LogTail.of(log, start)).isEmpty();
        Files.writeString(log, "life before\nnow\n" + "a line\n".repeat(100_000) + "end\n");
        assertThat(LogTail.of(log, start)).containsExactly("a line", "a line", "end");
    }

    @Test
    void missingLog_isEmpty() {
        assertThat(LogTail.of(folder.resolve("none"), 0)).isEmpty();
    }

    @Test
    void report_isOneLineWithItsFix() {
        GroupFailure failure = GroupFailure.of(3, "node", new ExitStatus(137).toString(), List.of(), "logs/rank-3.log");
        assertThat(failure.message())
                .isEqualTo("rank 3 on node was killed by signal 9 (SIGKILL), exit status 137, its log is empty, see"
                        + " logs/rank-3.log");
        assertThat(new ExitStatus(3)).hasToString("ended with exit status 3");
        assertThat(new ExitStatus(130).isSignal()).isTrue();
    }
}
