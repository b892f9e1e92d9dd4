package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cli.command.TinyStudy;
import dev.lockstep.cli.terminal.RunPosition;
import dev.lockstep.launch.ChildJvm;
import dev.lockstep.metrics.MetricsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Compares a study of real training runs that is killed with SIGKILL at random with an undisturbed one. {@code
 * -Dlockstep.kill.times=3} kills it three times.
 */
final class StudyKillIT {
    private static final long SEED = Long.getLong("lockstep.kill.seed", 20170608L);

    private static final int TIMES = Integer.getInteger("lockstep.kill.times", 1);

    /** 2 variants, 2 seeds, 4 epochs. */
    private static final int EPOCHS = 16;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    private Process study(Path out, String log) throws IOException {
        Path study = TinyStudy.write(folder);
        return ChildJvm.of(
                        Main.class.getName(),
                        List.of("study", study.toString(), "--out", out.toString(), "--parallel", "2"))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve(log).toFile())
                .start();
    }

    private static Map<String, String> tables(Path out) throws IOException {
        Map<String, String> tables = new TreeMap<>();
        for (String name :
                List.of("summary.json", "table.csv", "runs.csv", "curves.csv", "answers.csv", "results.md")) {
            tables.put(name, Files.readString(out.resolve(name)));
        }
        return tables;
    }

    /** The number of epochs finished by all runs together. */
    private static int epochs(Path out) throws IOException {
        if (!Files.exists(out)) {
            return 0;
        }
        try (Stream<Path> files = Files.walk(out)) {
            return files.filter(file -> file.endsWith(MetricsFile.NAME))
                    .mapToInt(file -> RunPosition.epochsDone(file.getParent()))
                    .sum();
        }
    }

    /** Kills the study some time after it has done some epochs; its runs must end with it. */
    private void killAfter(int epochs, int milliseconds, Path out) throws Exception {
        Process process = study(out, "killed.log");
        while (process.isAlive() && epochs(out) < epochs) {
            Thread.sleep(20);
        }
        Thread.sleep(milliseconds); // In the middle of an epoch, an evaluation or a checkpoint.
        assertThat(process.isAlive()).as("alive after %d epochs", epochs).isTrue();
        List<ProcessHandle> runs = process.descendants().toList();
        process.destroyForcibly().waitFor();
        for (ProcessHandle run : runs) {
            run.onExit().get(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void study_killed_endsWithTheSameTables() throws Exception {
        finish(folder.resolve("whole"));
        Path out = folder.resolve("killed");
        Random random = new Random(SEED);
        Map<Path, Long> finished = new TreeMap<>();
        // The last kill comes late, when at least one of the runs of four epochs is certainly finished.
        for (int epochs : IntStream.concat(
                        random.ints(0, EPOCHS - 6).limit(TIMES - 1).sorted(), IntStream.of(EPOCHS - 5))
                .toArray()) {
            killAfter(epochs, random.nextInt(400), out);
            finished.putAll(logs(out));
        }
        assertThat(finished).isNotEmpty();
        finish(out);
        assertThat(logs(out)).as("a finished run is not trained again").containsAllEntriesOf(finished);
        assertThat(tables(out)).as("seed %d", SEED).isEqualTo(tables(folder.resolve("whole")));
        assertThat(out.resolve("report.html")).isNotEmptyFile();
        assertThat(out.resolve("runs/small/seed-1/report.html")).isNotEmptyFile();
    }

    /** The lengths of the finished runs' output, which grow if a run starts again. */
    private static Map<Path, Long> logs(Path out) throws IOException {
        Map<Path, Long> logs = new TreeMap<>();
        if (!Files.exists(out)) {
            return logs; // Killed before it created its folder.
        }
        try (Stream<Path> files = Files.walk(out)) {
            for (Path result :
                    files.filter(file -> file.endsWith("result.json")).toList()) {
                Path log = result.resolveSibling("train.log");
                logs.put(log, Files.size(log));
            }
        }
        return logs;
    }

    private void finish(Path out) throws Exception {
        Process process = study(out, "finished.log");
        assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue())
                .as(Files.readString(folder.resolve("finished.log")))
                .isZero();
    }
}
