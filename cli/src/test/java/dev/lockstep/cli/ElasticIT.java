package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.launch.ChildJvm;
import dev.lockstep.metrics.RunResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real processes of elastic runs that are killed. */
final class ElasticIT {
    private static final int STEPS = 400;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    private Process train(Path out, String... options) throws IOException {
        Path recipe = folder.resolve("recipe.yaml");
        Files.writeString(recipe, """
                name: elastic
                seed: 3
                epochs: 20
                workers: 6
                images-per-worker: 4
                data: {dataset: 'synthetic:images=480,validation=60,shape=1x8x8,classes=5'}
                model: {name: resnet8, width: 4}
                """);
        List<String> arguments = new ArrayList<>(List.of(
                "train",
                recipe.toString(),
                "--out",
                out.toString(),
                "--lanes",
                "1",
                "--checkpoint-every",
                "50",
                "--stop-after",
                Integer.toString(STEPS)));
        arguments.addAll(List.of(options));
        return ChildJvm.of(Main.class.getName(), arguments)
                .redirectErrorStream(true)
                .redirectOutput(log(out).toFile())
                .start();
    }

    private static Path log(Path out) {
        return out.resolveSibling(out.getFileName() + ".log");
    }

    private static List<Long> steps(Path out) throws IOException {
        Path metrics = out.resolve("metrics.jsonl");
        return !Files.exists(metrics)
                ? List.of()
                : Files.readAllLines(metrics).stream()
                        .filter(line -> line.startsWith("{\"type\":\"step\""))
                        .map(line -> Long.valueOf(line.replaceAll(".*\"step\":([0-9]+),.*", "$1")))
                        .toList();
    }

    private static String ended(Process process, Path out) throws Exception {
        assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(log(out))).isZero();
        return RunResult.read(out).weightsSha256();
    }

    /** The oldest child is rank 0: its duties pass to another process, and a new one takes the free place. */
    @Test
    void rankZeroKilled_thenTheNextToldToLeave_theOthersContinue() throws Exception {
        Path alone = folder.resolve("alone");
        String expected = ended(train(alone), alone);
        Path out = folder.resolve("elastic");
        Process launcher = train(out, "--procs", "2", "--elastic", "1:2");
        while (launcher.isAlive() && steps(out).size() < 20) {
            Thread.sleep(10);
        }
        oldest(launcher).destroyForcibly();
        while (launcher.isAlive() && !Files.readString(log(out)).contains("joins the group")) {
            Thread.sleep(10);
        }
        // It gives up its duties and ends, and no step is lost.
        oldest(launcher).destroy();

        assertThat(ended(launcher, out)).isEqualTo(expected);
        assertThat(steps(out))
                .isEqualTo(LongStream.rangeClosed(1, STEPS).boxed().toList());
        assertThat(Files.readString(log(out)))
                .containsPattern("rank 0 on .* was killed by signal 9 .*; 1 process continues from step [0-9]+ after")
                .contains("alert: process lost: rank 0 on ")
                .containsPattern("process 1 leaves the group; 1 process continues from step [0-9]+ after");
        assertThat(Files.readString(out.resolve("logs").resolve("rank-1.log")))
                .containsPattern("left the group after step [0-9]+; the others continue");
        assertThat(Files.readString(out.resolve("events.jsonl")))
                .contains("\"kind\":\"PROCESS_LOST\"", "\"type\":\"workers\"", "\"worker_seconds\"");
    }

    private static ProcessHandle oldest(Process launcher) {
        return launcher.children().min((a, b) -> Long.compare(a.pid(), b.pid())).orElseThrow();
    }

    @Test
    void fewerThanTheLeast_endTheRunWithExitCode4() throws Exception {
        Path out = folder.resolve("least");
        Process launcher = train(out, "--procs", "2", "--elastic", "2:2");
        while (launcher.isAlive() && steps(out).size() < 5) {
            Thread.sleep(10);
        }
        launcher.children()
                .max((a, b) -> Long.compare(a.pid(), b.pid()))
                .orElseThrow()
                .destroyForcibly();

        assertThat(launcher.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(launcher.exitValue()).isEqualTo(4);
        assertThat(Files.readString(log(out))).containsPattern("error: rank 1 on .* was killed by signal 9");
    }
}
