package dev.lockstep.launch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("slow")
@Timeout(120)
class LocalLauncherTest {
    @TempDir
    private Path folder;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private Path facts;
    private Path logs;

    @BeforeEach
    void folders() throws IOException {
        facts = Files.createDirectory(folder.resolve("facts"));
        logs = folder.resolve("run").resolve("logs");
    }

    @AfterEach
    void nobodyIsLeft() throws IOException {
        try (var files = Files.list(facts)) {
            for (Path file : files.filter(path -> path.getFileName().toString().startsWith("pid-"))
                    .toList()) {
                long pid = Long.parseLong(Files.readString(file));
                await(() -> ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isEmpty());
            }
        }
    }

    @Test
    void allEndWell_isZero_andRankZeroIsShown() throws IOException {
        assertThat(launch(3, 0, "0=exit 0", "1=exit 0", "2=exit 0")).isZero();
        assertThat(out()).isEqualTo("hello from rank 0\n");
        assertThat(err()).isEqualTo("rank 0 does: exit 0\n");
        assertThat(log(0)).contains("hello from rank 0", "rank 0 does: exit 0");
        assertThat(log(1)).contains("hello from rank 1", "rank 1 does: exit 0");
        assertThat(log(2)).contains("hello from rank 2");
    }

    @Test
    void killedRank_isNamedByEverySurvivor() throws IOException {
        assertThat(launch(3, 0, "1=signal KILL")).isEqualTo(4);
        String report = "was killed by signal 9 (SIGKILL), exit status 137, last log lines: ";
        assertThat(log(0))
                .contains("error: rank 1 on ", report, "rank 1 does: signal KILL", "see " + logs.resolve("rank-1.log"));
        assertThat(log(2)).contains("error: rank 1 on ", report);
        assertThat(err().lines().filter(line -> line.startsWith("error: ")))
                .singleElement()
                .satisfies(
                        line -> assertThat(line).startsWith("error: rank 1 on ").contains(report));
    }

    @Test
    void killedRankZero_isNamedToo() throws IOException {
        assertThat(launch(2, 0, "0=signal KILL")).isEqualTo(4);
        assertThat(log(1)).contains("error: rank 0 on ", "was killed by signal 9 (SIGKILL)");
        assertThat(err()).contains("error: rank 0 on ", "was killed by signal 9 (SIGKILL)");
    }

    @Test
    void stoppedRank_isNamedAfterTimeout() throws IOException {
        assertThat(new LocalLauncher(FakeWorker.class.getName(), () -> {}, print(out), print(err))
                        .run(2, () -> List.of(facts.toString(), "1=signal STOP"), logs, Duration.ofSeconds(3), 0))
                .isEqualTo(4);
        assertThat(log(0)).contains("error: rank 1 on ", "gave no sign of life for 3 s");
        assertThat(err()).contains("error: rank 1 on ", "gave no sign of life for 3 s");
    }

    @Test
    void explainedFailure_keepsItsCode() throws IOException {
        assertThat(launch(2, 5, "1=exit 3")).isEqualTo(3);
        assertThat(log(0)).contains("error: rank 1 on ", "ended with exit status 3");
        assertThat(err())
                .contains("error: rank 1 on ", "ended with exit status 3")
                .doesNotContain("restart");
    }

    @Test
    void failureOfAll_isToldByRankZeroAlone() {
        assertThat(launch(3, 5, "0=exit 5", "1=exit 5", "2=exit 5")).isEqualTo(5);
        assertThat(err()).isEqualTo("rank 0 does: exit 5\n");
    }

    /** An audit, say: whoever happens to end first is not the culprit, and nobody is cut short before it has said so. */
    @Test
    void faultThatAllFind_isToldByEachInItsWords_andByNobodyElse() throws IOException {
        String words = "processes disagree: rank = 2 has another parameter fc.bias";
        assertThat(launch(3, 0, "0=say 400 " + words, "1=say 0 " + words, "2=say 200 " + words))
                .isEqualTo(4);
        assertThat(errors(err())).containsExactly("error: " + words);
        for (int rank = 0; rank < 3; rank++) {
            assertThat(errors(log(rank))).containsExactly("error: " + words);
        }
    }

    @Test
    void faultThatOneFinds_isToldInItsWords() throws IOException {
        assertThat(launch(2, 1, "1=say 0 rank 7 cannot be reached")).isEqualTo(4);
        assertThat(err()).contains("restart 1 of 1: rank 7 cannot be reached");
        assertThat(errors(log(0))).hasSize(2).containsOnly("error: rank 7 cannot be reached");
    }

    /** Its checkpoint may still be on its way to a slow disk, for longer than the others have. */
    @Test
    void rankThatFailsAndStillSaves_isNamedMeanwhile_andNotCutShort() throws IOException {
        assertThat(launch(2, 1, "0=linger 8500 truncated image")).isEqualTo(3);
        assertThat(facts.resolve("saved")).exists();
        assertThat(errors(err())).singleElement().asString().contains("error: rank 0 on ", " failed: truncated image");
        assertThat(errors(log(1))).singleElement().asString().contains(" failed: truncated image");
    }

    private static List<String> errors(String text) {
        return text.lines().filter(line -> line.startsWith("error: ")).toList();
    }

    @Test
    void rankThatDoesNotStart_isNamed() throws IOException {
        assertThat(new LocalLauncher(
                                FakeWorker.class.getName(), () -> {}, print(out), print(err), Duration.ofSeconds(10))
                        .run(2, () -> List.of(facts.toString(), "1=never connect"), logs, Duration.ofSeconds(3), 0))
                .isEqualTo(4);
        assertThat(errors(log(0)))
                .singleElement()
                .asString()
                .contains("error: rank 1 on ", "did not start within 10 s");
        assertThat(err()).contains("error: rank 1 on ", "did not start within 10 s");
    }

    @Test
    void rankThatTakesLeaveAndDoesNotEnd_isNamed() throws IOException {
        assertThat(new LocalLauncher(
                                FakeWorker.class.getName(), () -> {}, print(out), print(err), Duration.ofSeconds(10))
                        .run(
                                2,
                                () -> List.of(facts.toString(), "0=exit 0", "1=leave and stop"),
                                logs,
                                Duration.ofSeconds(2),
                                0))
                .isEqualTo(4);
        assertThat(errors(err()))
                .singleElement()
                .asString()
                .contains("error: rank 1 on ", "finished, but did not end within 2 s");
    }

    @Test
    void unexplainedExit_isAWorkerFailure() {
        assertThat(launch(2, 0, "1=exit 1")).isEqualTo(4);
        assertThat(err()).contains("error: rank 1 on ", "ended with exit status 1");
    }

    @Test
    void failedGroup_isStartedAgain() throws IOException {
        assertThat(launch(2, 2, "0=end after failure", "1=fail once")).isZero();
        assertThat(err())
                .contains("restart 1 of 2: rank 1 on ", "was killed by signal 9 (SIGKILL)")
                .doesNotContain("error:", "restart 2");
        assertThat(log(1).split("hello from rank 1", -1))
                .as("both lives in one log")
                .hasSize(3);
    }

    @Test
    void restart_asksForItsArgumentsAnew() throws IOException {
        Iterator<List<String>> lives = List.of(
                        List.of(facts.toString(), "1=signal KILL"), List.of(facts.toString(), "0=exit 0", "1=exit 0"))
                .iterator();
        assertThat(new LocalLauncher(FakeWorker.class.getName(), () -> {}, print(out), print(err))
                        .run(2, lives::next, logs, Duration.ofSeconds(60), 3))
                .isZero();
        assertThat(log(1)).contains("does: signal KILL", "does: exit 0");
    }

    @Test
    void groupThatFailsAgain_isGivenUp() {
        assertThat(launch(2, 1, "1=signal KILL")).isEqualTo(4);
        assertThat(err()).contains("restart 1 of 1: rank 1 on ", "error: rank 1 on ");
    }

    @Test
    void unwritableFolder_isRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        org.assertj.core.api.Assertions.assertThatThrownBy(
                        () -> new LocalLauncher(FakeWorker.class.getName(), () -> {}, print(out), print(err))
                                .run(1, List::of, file.resolve("logs"), Duration.ofSeconds(1), 0))
                .hasMessageContaining("folder = " + file.resolve("logs"));
    }

    @Test
    void killedLauncher_leavesNobody() throws Exception {
        Process launcher = launcher("2");
        awaitAll(2);
        launcher.destroyForcibly().waitFor();
        // The check after each test waits for the ends of all processes.
        assertThat(facts.resolve("pid-1")).exists();
    }

    @Test
    void sigterm_savesAndEndsWith143() throws Exception {
        Process launcher = launcher("2");
        awaitAll(2);
        signal("TERM", launcher);
        assertThat(launcher.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(launcher.exitValue()).isEqualTo(143);
        assertThat(log(0)).contains("saved");
        assertThat(log(1)).contains("saved");
    }

    /** A terminal sends its signals to all, as systemd, Slurm and timeout do, and the launcher passes its own on. */
    @ParameterizedTest
    @CsvSource({"INT, 130", "TERM, 143", "HUP, 129"})
    void signalToAll_savesAndEnds(String name, int exitCode) throws Exception {
        Process launcher = launcher("2");
        awaitAll(2);
        for (int rank = 0; rank < 2; rank++) {
            signal(name, Long.parseLong(Files.readString(facts.resolve("pid-" + rank))));
        }
        signal(name, launcher);
        assertThat(launcher.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(launcher.exitValue()).isEqualTo(exitCode);
        assertThat(log(0)).contains("saved");
        assertThat(log(1)).contains("saved");
    }

    @Test
    void secondSignal_endsAtOnce() throws Exception {
        Process launcher = launcher("2", "1=deaf");
        awaitAll(2);
        await(() -> read(log1()).contains("does: deaf"));
        signal("TERM", launcher);
        await(() -> Files.exists(facts.resolve("heard")));
        assertThat(launcher.isAlive()).isTrue();
        signal("TERM", launcher);
        assertThat(launcher.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(launcher.exitValue()).isEqualTo(143);
    }

    private int launch(int processes, int restarts, String... deeds) {
        List<String> arguments = new ArrayList<>(List.of(facts.toString()));
        arguments.addAll(List.of(deeds));
        return new LocalLauncher(FakeWorker.class.getName(), () -> {}, print(out), print(err))
                .run(processes, () -> arguments, logs, Duration.ofSeconds(60), restarts);
    }

    private Process launcher(String processes, String... deeds) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(processes, logs.toString(), facts.toString()));
        arguments.addAll(List.of(deeds));
        ProcessBuilder builder = ChildJvm.of(FakeLaunch.class.getName(), arguments);
        // As a user starts it, also where this test runs under nohup or in a shell's background, which ignore signals.
        builder.environment().remove(ParentWatch.VARIABLE);
        builder.command().addAll(0, List.of("env", "--default-signal=HUP,INT"));
        return builder.redirectErrorStream(true)
                .redirectOutput(folder.resolve("launcher.log").toFile())
                .start();
    }

    private static void signal(String name, Process process) throws IOException, InterruptedException {
        signal(name, process.pid());
    }

    private static void signal(String name, long pid) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, Long.toString(pid)).start().waitFor();
    }

    private void awaitAll(int processes) {
        for (int rank = 0; rank < processes; rank++) {
            Path log = logs.resolve("rank-" + rank + ".log");
            await(() -> Files.exists(log) && read(log).contains(" does: "));
        }
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("waited too long").isLessThan(deadline);
            try {
                Thread.sleep(20);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private static PrintStream print(ByteArrayOutputStream bytes) {
        return new PrintStream(bytes, true, StandardCharsets.UTF_8);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    private Path log1() {
        return logs.resolve("rank-1.log");
    }

    private String log(int rank) {
        return read(logs.resolve("rank-" + rank + ".log"));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
