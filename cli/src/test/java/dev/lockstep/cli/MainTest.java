package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cli.command.TinyStudy;
import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class MainTest {
    private record Failure(Throwable failure, int exitCode, String line) {}

    static Failure[] failures() {
        return new Failure[] {
            new Failure(
                    new OutOfMemoryError("Java heap space"),
                    4,
                    "error: out of memory: Java heap space, lower images-per-worker, --lanes or --loader-threads,"
                            + " or give the JVM more with LOCKSTEP_JAVA_OPTIONS=-Xmx8g\n"),
            new Failure(
                    new RuntimeException("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried\nmore"),
                    4,
                    "error: out of memory: [enforce fail] DefaultCPUAllocator: can't allocate memory: you tried, lower"
                            + " images-per-worker, --lanes or --loader-threads, or give the JVM more with"
                            + " LOCKSTEP_JAVA_OPTIONS=-Xmx8g\n"),
            new Failure(
                    LockstepException.data("no such file", "file = x.jpg", "give another"),
                    3,
                    "error: no such file, file = x.jpg, give another\n"),
            new Failure(
                    new IllegalStateException("one\ntwo"),
                    1,
                    "error: unexpected IllegalStateException: one, this is a bug of Lockstep, run again with --debug"
                            + " and report what it prints\n"),
            new Failure(
                    new AssertionError(),
                    1,
                    "error: unexpected AssertionError: no message, this is a bug of Lockstep, run again with --debug"
                            + " and report what it prints\n"),
        };
    }

    @ParameterizedTest
    @MethodSource("failures")
    void everyFailure_isOneLineAndAnExitCode(Failure expected) {
        CapturedRun run = CapturedRun.of(() -> new Main().report(expected.failure));
        assertThat(run).isEqualTo(new CapturedRun(expected.exitCode, "", expected.line));
    }

    private static Process start(Path out, String name, String value, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put(name, value);
        return builder.redirectErrorStream(true).redirectOutput(out.toFile()).start();
    }

    @Test
    void error_isInTheFileOfTorchrunToo(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("error.json");
        Process process =
                start(folder.resolve("out"), "TORCHELASTIC_ERROR_FILE", file.toString(), "train", "none.yaml");
        assertThat(process.waitFor()).isEqualTo(2);
        assertThat(file).content().contains("\"message\":\"no such recipe, file = none.yaml");
    }

    /** Otherwise it would train for hours. */
    @Test
    void commandWhoseParentIsGone_ends(@TempDir Path folder) throws Exception {
        Process parent = new ProcessBuilder("true").start();
        parent.waitFor();
        String recipe = TinyStudy.endlessRecipe(folder).toString();
        String out = folder.resolve("run").toString();
        Process child = start(
                folder.resolve("out"), "LOCKSTEP_PARENT", Long.toString(parent.pid()), "train", recipe, "--out", out);
        try {
            assertThat(child.waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(child.exitValue()).isEqualTo(4);
        } finally {
            child.destroyForcibly().waitFor();
        }
    }
}
