package dev.lockstep.launch;

import dev.lockstep.errors.LockstepException.Kind;
import dev.lockstep.supervise.ExitStatus;
import dev.lockstep.supervise.HostName;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Starts the processes of one machine of a group, and waits for them. The supervisor in rank 0 watches all processes of
 * the group, so when one fails, those of every machine end by themselves.
 */
public final class NodeLauncher {
    /** How long processes that wait for a failed one, before the group is complete, may take to notice. */
    private static final Duration SURVIVORS = Duration.ofSeconds(10);
    /** How long a process may take to save. */
    private static final Duration SAVING = Duration.ofSeconds(60);

    private static final int SIGNAL = 128;

    private record Event(int local, Kind kind) {
        enum Kind {
            EXITED,
            STOP,
            KILL
        }
    }

    private final String mainClass;
    private final Duration survivors;
    private final Map<String, String> environment;
    private final PrintStream err;
    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private final List<Process> processes = new ArrayList<>();
    private boolean elastic;

    /**
     * @param mainClass the main class of every process, which calls {@link ParentWatch#startIfAsked()}
     * @param environment variables that the processes get besides those of this process
     * @param err receives the messages of this launcher; the processes write to this process's own outputs
     */
    public NodeLauncher(String mainClass, Map<String, String> environment, PrintStream err) {
        this(mainClass, environment, err, SURVIVORS);
    }

    /** The processes are of an elastic group: when one fails, the others continue. */
    public NodeLauncher elastic(boolean whether) {
        elastic = whether;
        return this;
    }

    NodeLauncher(String mainClass, Map<String, String> environment, PrintStream err, Duration survivors) {
        this.mainClass = mainClass;
        this.survivors = survivors;
        this.environment = Map.copyOf(environment);
        this.err = err;
    }

    /** Asks the processes to save and stop, as the first SIGTERM does. */
    public void stop() {
        events.add(new Event(0, Event.Kind.STOP));
    }

    /**
     * Runs the processes until all have ended. The first SIGINT or SIGTERM is passed on, so that they save and stop; the
     * second ends them at once.
     *
     * @param arguments the command-line arguments of each process
     * @return the exit code for this process: 0 when all succeeded, or one of an elastic group; that of the process that failed first, 4 for one that
     *     was killed, or 130, 143 or 129 when they were stopped
     */
    public int run(Node node, List<String> arguments) {
        Thread cleanUp = new Thread(this::killAll);
        Runtime.getRuntime().addShutdownHook(cleanUp);
        try (StopRequests stops = new StopRequests(
                (name, number, second) -> events.add(new Event(0, second ? Event.Kind.KILL : Event.Kind.STOP)))) {
            start(node, arguments);
            return follow(node, stops);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Kind.WORKER.exitCode();
        } finally {
            killAll();
            Runtime.getRuntime().removeShutdownHook(cleanUp);
        }
    }

    private void start(Node node, List<String> arguments) {
        for (int local = 0; local < node.processes(); local++) {
            ProcessBuilder builder = ChildJvm.of(mainClass, arguments).inheritIO();
            builder.redirectInput(new File("/dev/null"));
            builder.environment().putAll(environment);
            builder.environment().putAll(node.environment(local));
            boolean first = node.rank() == 0 && local == 0;
            builder.environment()
                    .put(Terminal.VARIABLE, first && Terminal.fromEnvironment().interactive() ? "1" : "0");
            int own = local;
            try {
                Process process = builder.start();
                synchronized (processes) {
                    processes.add(process);
                }
                process.onExit().thenAccept(ended -> events.add(new Event(own, Event.Kind.EXITED)));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private int follow(Node node, StopRequests stops) throws InterruptedException {
        int result = 0;
        int running = node.processes();
        long deadline = Long.MAX_VALUE;
        boolean asked = false;
        boolean anyGood = false;
        while (running > 0) {
            Event event = deadline == Long.MAX_VALUE
                    ? events.take()
                    : events.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (event == null && asked || event != null && event.kind == Event.Kind.KILL) {
                return stops.received() != 0 ? stops.exitCode() : Kind.WORKER.exitCode();
            }
            if (event == null || event.kind == Event.Kind.STOP) {
                // Not Process.destroy: that also closes the pipes of its last output.
                processes.forEach(process -> process.toHandle().destroy());
                asked = true;
                deadline = event == null ? in(SAVING) : deadline;
                continue;
            }
            running--;
            int code = processes.get(event.local).exitValue();
            anyGood |= code == 0;
            if (result == 0 && code != 0) {
                result = exitCode(node, event.local, code, stops);
                deadline = asked || elastic ? deadline : in(survivors);
            }
        }
        return elastic && anyGood ? 0 : result;
    }

    private static long in(Duration time) {
        return System.nanoTime() + time.toNanos();
    }

    /** A process that was killed could not say so itself. */
    private int exitCode(Node node, int local, int code, StopRequests stops) {
        if (!new ExitStatus(code).isSignal() || stops.received() != 0 || code == SIGNAL + 15) {
            return code;
        }
        err.println("error: rank " + (node.rank() * node.processes() + local) + " on " + HostName.own() + " "
                + new ExitStatus(code));
        return Kind.WORKER.exitCode();
    }

    private void killAll() {
        List<Process> all;
        synchronized (processes) {
            all = List.copyOf(processes);
        }
        all.forEach(process -> process.toHandle().destroyForcibly());
    }
}
