package dev.lockstep.launch;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.supervise.LogTail;
import dev.lockstep.supervise.SupervisorAddress;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One process of a local group, with its log. Rank 0's output is also shown. */
final class Child {
    private final int rank;
    private final Path log;
    private final long logStart;
    private final Process process;
    private final @Nullable PassThrough shown;

    private Child(int rank, Path log, long logStart, Process process, @Nullable PassThrough shown) {
        this.rank = rank;
        this.log = log;
        this.logStart = logStart;
        this.process = process;
        this.shown = shown;
    }

    /** Starts a process; rank 0 writes to {@code out} and {@code err} as well. */
    static Child start(
            int rank,
            int size,
            ProcessBuilder builder,
            SupervisorAddress supervisor,
            Path secret,
            Path logs,
            PrintStream out,
            PrintStream err) {
        ProcessBuilder joining = joining(rank, size, builder, supervisor, secret);
        return rank == 0
                ? shown(rank, joining, logs, out, err, true)
                : launch(rank, logs, log -> {
                    joining.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
                    return new Output(joining.start(), null);
                });
    }

    /**
     * Starts a process of an elastic group. Any of them may become rank 0, and is shown from then on.
     *
     * @param number of the process in this run, from 0: its log is {@code rank-NUMBER.log}
     * @param rank its rank at the supervisor
     */
    static Child elastic(
            int number,
            int rank,
            int size,
            ProcessBuilder builder,
            SupervisorAddress supervisor,
            Path secret,
            Path logs,
            PrintStream out,
            PrintStream err) {
        return shown(number, joining(rank, size, builder, supervisor, secret), logs, out, err, number == 0);
    }

    private static ProcessBuilder joining(
            int rank, int size, ProcessBuilder builder, SupervisorAddress supervisor, Path secret) {
        builder.environment().putAll(GroupEnvironment.local(rank, size, supervisor, secret));
        return builder.redirectInput(new File("/dev/null"));
    }

    private static Child shown(
            int number, ProcessBuilder builder, Path logs, PrintStream out, PrintStream err, boolean atFirst) {
        builder.environment().put(Terminal.VARIABLE, Terminal.fromEnvironment().interactive() ? "1" : "0");
        return launch(number, logs, log -> {
            Process process = builder.start();
            return new Output(process, PassThrough.start(process, log, out, err, atFirst));
        });
    }

    private record Output(Process process, @Nullable PassThrough shown) {}

    private interface Starter {
        Output start(Path log) throws IOException;
    }

    private static Child launch(int number, Path logs, Starter starter) {
        Path log = logs.resolve("rank-" + number + ".log");
        try {
            long logStart = Files.exists(log) ? Files.size(log) : 0;
            Output output = starter.start(log);
            return new Child(number, log, logStart, output.process, output.shown);
        } catch (IOException e) {
            throw LockstepException.worker(
                    "rank " + number + " cannot be started: " + e.getMessage(), "log = " + log, "fix what it names");
        }
    }

    int rank() {
        return rank;
    }

    Path log() {
        return log;
    }

    Process process() {
        return process;
    }

    /** The last lines of the log since this process started. */
    List<String> lastLines() {
        return LogTail.of(log, logStart);
    }

    /** Waits for the end of the process; returns whether it came in time. */
    boolean endsWithin(Duration time) {
        try {
            return process.waitFor(time.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return !process.isAlive();
        }
    }

    /** Asks the process to save and stop. Not {@link Process#destroy}: that also closes the pipes of its final output. */
    void terminate() {
        process.toHandle().destroy();
    }

    /** Ends the process at once, even if it is stopped. */
    void kill() {
        process.toHandle().destroyForcibly();
    }

    /** Stops showing the output of this process; the log still receives it. */
    void mute() {
        if (shown != null) {
            shown.mute();
        }
    }

    /** Shows the output of this process from now on. */
    void show() {
        if (shown != null) {
            shown.show();
        }
    }

    /** Waits until all output of an ended process is in its log, and shown. */
    void drain() {
        if (shown != null) {
            shown.drain();
        }
    }
}
