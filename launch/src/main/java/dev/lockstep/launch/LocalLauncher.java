package dev.lockstep.launch;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

/**
 * Starts the processes of a group on this machine, watches them, and restarts them when one fails. Rank 0's output is shown
 * by this process; every rank has a log.
 */
public final class LocalLauncher {
    private static final int FAILED = LockstepException.Kind.WORKER.exitCode();
    /** The time limit for a process to connect to the launcher: on a busy machine a JVM needs many seconds. */
    private static final Duration START_TIMEOUT = Duration.ofSeconds(60);

    private final String mainClass;
    private final Runnable warmup;
    private final PrintStream out;
    private final PrintStream err;
    private final Duration startTimeout;

    /**
     * @param mainClass the main class of every process
     * @param warmup a task to do once before all processes would do it at the same time, such as unpacking native libraries
     * @param out receives the output of rank 0
     * @param err receives the messages of rank 0 and of the launcher
     */
    public LocalLauncher(String mainClass, Runnable warmup, PrintStream out, PrintStream err) {
        this(mainClass, warmup, out, err, START_TIMEOUT);
    }

    /** @param startTimeout time limit for a process to connect to the launcher, unless the peer timeout is longer */
    LocalLauncher(String mainClass, Runnable warmup, PrintStream out, PrintStream err, Duration startTimeout) {
        this.mainClass = mainClass;
        this.warmup = warmup;
        this.out = out;
        this.err = err;
        this.startTimeout = startTimeout;
    }

    /**
     * Runs a group until all of its processes have ended. SIGINT and SIGTERM are passed on once, so that the processes save
     * and stop; the second one ends everything at once.
     *
     * @param processes P
     * @param arguments the command-line arguments of each process, queried before every start
     * @param logs the folder of {@code rank-R.log}; created if missing
     * @param peerTimeout how long a process may be silent
     * @param maxRestarts how often the whole group is restarted after a process has failed
     * @return the exit code for this process: 0, 130 or 143 when all processes succeeded; 2, 3, 5 or 6 when a process
     *     ended with it; else 4
     */
    public int run(int processes, Supplier<List<String>> arguments, Path logs, Duration peerTimeout, int maxRestarts) {
        makeFolder(logs);
        warmup.run();
        Duration start = startTimeout.compareTo(peerTimeout) > 0 ? startTimeout : peerTimeout;
        try (StopRequests stops = new StopRequests()) {
            for (int restart = 0; ; restart++) {
                LocalGroup group = new LocalGroup(
                        mainClass, processes, arguments.get(), logs, peerTimeout, start, stops, out, err);
                LocalGroup.Outcome outcome = group.run();
                if (outcome.exitCode() != FAILED || restart == maxRestarts || stops.received() != 0) {
                    outcome.print(err);
                    return outcome.exitCode();
                }
                err.println("restart " + (restart + 1) + " of " + maxRestarts + ": " + outcome.message());
            }
        }
    }

    /**
     * Runs an elastic group: the processes that are left continue when one is lost, without a restart.
     *
     * @return as {@link #run(int, Supplier, Path, Duration, int)}; 4 when fewer processes are left than the group may have
     */
    public int run(int processes, Supplier<List<String>> arguments, Path logs, Duration peerTimeout, Elastic elastic) {
        makeFolder(logs);
        warmup.run();
        Duration start = startTimeout.compareTo(peerTimeout) > 0 ? startTimeout : peerTimeout;
        try (StopRequests stops = new StopRequests()) {
            LocalGroup.Outcome outcome = new ElasticGroup(
                            mainClass, processes, arguments, elastic, logs, peerTimeout, start, stops, out, err)
                    .run(processes);
            outcome.print(err);
            return outcome.exitCode();
        }
    }

    private static void makeFolder(Path logs) {
        try {
            Files.createDirectories(logs);
        } catch (IOException e) {
            throw LockstepException.recipe(
                    "cannot write logs: " + e, "folder = " + logs, "give a folder that you may write to");
        }
    }
}
