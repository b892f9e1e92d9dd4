package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.errors.LockstepException;
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
}
