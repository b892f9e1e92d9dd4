package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A study of real trainings, killed with SIGKILL three times at random, against one that was left alone. */
final class StudyKillIT {
    private static final long SEED = Long.getLong("lockstep.kill.seed", 20170608L);

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    private Process study(Path out, String log) throws IOException {
        Path study = TinyStudy.write(folder);
        return ChildJvm.of(List.of("study", study.toString(), "--out", out.toString(), "--parallel", "2"))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve(log).toFile())
                .start();
    }

    private static Map<String, String> tables(Path out) throws IOException {
        Map<String, String> tables = new TreeMap<>();
        for (String name : List.of("summary.json", "table.csv", "runs.csv", "curves.csv", "answers.csv")) {
            tables.put(name, Files.readString(out.resolve(name)));
        }
        return tables;
    }

    @Test
    void study_killedThreeTimes_endsWithTheSameTables() throws Exception {
        long started = System.nanoTime();
        Process whole = study(folder.resolve("whole"), "whole.log");
        assertThat(whole.waitFor(5, TimeUnit.MINUTES)).isTrue();
        assertThat(whole.exitValue())
                .as(Files.readString(folder.resolve("whole.log")))
                .isZero();
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - started);
        Random random = new Random(SEED);
        Path out = folder.resolve("killed");
        int kills = 0;
        for (int i = 0; i < 3; i++) {
            Process process = study(out, "killed-" + i + ".log");
            if (!process.waitFor(millis / 4 + random.nextLong(millis / 4), TimeUnit.MILLISECONDS)) {
                List<ProcessHandle> runs = process.descendants().toList();
                process.destroyForcibly().waitFor();
                kills++;
                assertThat(runs)
                        .allSatisfy(run -> assertThat(run.onExit().get(10, TimeUnit.SECONDS))
                                .as("no orphan outlives a killed study")
                                .isNotNull());
            }
        }
        Process last = study(out, "last.log");
        assertThat(last.waitFor(5, TimeUnit.MINUTES)).isTrue();
        assertThat(last.exitValue())
                .as(Files.readString(folder.resolve("last.log")))
                .isZero();
        assertThat(kills).as("seed %d", SEED).isGreaterThanOrEqualTo(2);
        assertThat(tables(out)).as("seed %d", SEED).isEqualTo(tables(folder.resolve("whole")));
        assertThat(out.resolve("report.html")).isNotEmptyFile();
        assertThat(out.resolve("runs/small/seed-1/report.html")).isNotEmptyFile();
    }
}
