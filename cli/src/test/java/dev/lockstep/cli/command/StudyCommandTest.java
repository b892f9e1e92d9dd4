package dev.lockstep.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cli.Main;
import dev.lockstep.cli.terminal.RunPosition;
import dev.lockstep.cli.terminal.StudyPace;
import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.study.Study;
import dev.lockstep.study.StudyRun;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StudyCommandTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    private record Result(int exitCode, String out, String err) {}

    private static Result run(String... arguments) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
        ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
        try {
            System.setOut(new PrintStream(outBytes, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(errBytes, true, StandardCharsets.UTF_8));
            int exitCode = Main.execute(arguments);
            return new Result(
                    exitCode, outBytes.toString(StandardCharsets.UTF_8), errBytes.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    @Test
    void dryRun_printsTheGridAndTheEstimate() throws IOException {
        Path study = TinyStudy.write(folder);
        Files.writeString(study, "seconds-per-epoch: 30\n", java.nio.file.StandardOpenOption.APPEND);
        Result result = run(
                "study", study.toString(), "--out", folder.resolve("out").toString(), "--dry-run", "--parallel", "2");
        assertThat(result.exitCode).isZero();
        assertThat(result.out.lines())
                .containsExactly(
                        "small seed 1                 kn = 8      η̂ = 0.003125 4 epochs  to run",
                        "large seed 1                 kn = 16     η̂ = 0.00625  4 epochs  to run",
                        "small seed 2                 kn = 8      η̂ = 0.003125 4 epochs  to run",
                        "large seed 2                 kn = 16     η̂ = 0.00625  4 epochs  to run",
                        "4 runs, 0 finished; about 4:00 with 2 in parallel");
        assertThat(folder.resolve("out")).doesNotExist();
    }

    @Test
    void study_ofAMissingFile_isAUsageError() {
        Result result = run("study", folder.resolve("none.yaml").toString());
        assertThat(result.exitCode).isEqualTo(2);
        assertThat(result.err).startsWith("error: no such study, file = ");
    }

    @Test
    void report_ofAFolderWithoutARun_isAnErrorInOneLine() {
        Result result = run(
                "report", folder.toString(), "--out", folder.resolve("x.html").toString());
        assertThat(result.exitCode).isEqualTo(2);
        assertThat(result.err).startsWith("error: ").hasLineCount(1);
    }

    @Test
    void pace_countsEpochsAndAssignsRunsToSlots() throws IOException {
        List<StudyRun> grid = Study.read(TinyStudy.write(folder)).grid(folder.resolve("out"));
        Map<Path, Integer> done = new HashMap<>();
        AtomicLong nanos = new AtomicLong();
        StudyPace pace = new StudyPace(grid, 2, 10, run -> done.getOrDefault(run, 0), nanos::get);
        pace.start(List.of(grid.get(0)));
        // Three runs of four epochs of ten seconds each, in two slots: two of the runs are consecutive.
        assertThat(pace.secondsLeft()).isEqualTo(80);
        assertThat(pace.fraction()).isEqualTo(0.25);
        done.put(grid.get(1).folder(), 1);
        pace.runStarts(grid.get(1));
        pace.runStarts(grid.get(2));
        nanos.set(9_000_000_000L);
        done.put(grid.get(1).folder(), 4);
        done.put(grid.get(2).folder(), 3);
        // Six epochs in 2 × 9 seconds are 3 seconds each; one epoch is left of the second run and four of the last.
        assertThat(pace.secondsLeft()).isEqualTo(12);
        pace.runEnds(grid.get(1));
        assertThat(pace.text()).startsWith("2/4 runs  68%").endsWith("12 s left; epoch of small seed 2 4/4");
    }

    @Test
    void position_isReadFromTheEndOfTheMetrics() throws IOException {
        assertThat(RunPosition.epochsDone(folder)).isZero();
        Path file = folder.resolve(MetricsFile.NAME);
        String step = "{\"type\":\"step\",\"step\":%d,\"epoch\":%d,\"learning_rate\":0.1}\n";
        String many = step.formatted(1, 0).repeat(500) + "{\"type\":\"epoch\",\"epoch\":6,\"step\":500}\n";
        Files.writeString(file, many);
        assertThat(RunPosition.epochsDone(folder)).isEqualTo(7);
        Files.writeString(file, many + step.formatted(501, 7) + "{\"type\":\"step\",\"st");
        assertThat(RunPosition.epochsDone(folder)).isEqualTo(7);
    }
}
