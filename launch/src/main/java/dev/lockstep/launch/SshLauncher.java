package dev.lockstep.launch;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.errors.LockstepException.Kind;
import dev.lockstep.errors.Printable;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Runs a command on several hosts by ssh, and waits for all of them. Each command gets the group's secret as the first line of
 * its standard input, which then stays open: it ends when this launcher asks the hosts to stop, or is gone.
 */
public final class SshLauncher {
    /** How long the other hosts may take to notice that one has failed. */
    private static final Duration SURVIVORS = Duration.ofSeconds(20);
    /** How long they may take to save. */
    private static final Duration SAVING = Duration.ofSeconds(75);
    /** ssh's own failure, or a connection that broke. */
    private static final int SSH_FAILED = 255;

    private static final int STOP = -1;
    private static final int LONGEST_LINE = 2000;

    private final List<String> ssh;
    private final PrintStream out;
    private boolean elastic;
    private final PrintStream err;
    private final BlockingQueue<Integer> events = new LinkedBlockingQueue<>();
    private final List<Process> processes = new ArrayList<>();
    private final List<Thread> readers = new ArrayList<>();

    /**
     * @param ssh the program and its options; the host and the command follow
     * @param out receives the output of the first host, where rank 0 runs
     * @param err receives its messages, and the output of the other hosts behind their names
     */
    public SshLauncher(List<String> ssh, PrintStream out, PrintStream err) {
        this.ssh = List.copyOf(ssh);
        this.out = out;
        this.err = err;
    }

    /** A text as one word of a POSIX shell. */
    public static String quoted(String word) {
        return "'" + word.replace("'", "'\\''") + "'";
    }

    /** A command as one text for a POSIX shell. */
    public static String quoted(List<String> words) {
        return words.stream().map(SshLauncher::quoted).collect(Collectors.joining(" "));
    }

    /** The processes are of an elastic group: when one host fails, the others continue. */
    public SshLauncher elastic(boolean whether) {
        elastic = whether;
        return this;
    }

    /**
     * Runs one command per host. The first SIGINT or SIGTERM asks the hosts to save and stop; the second ends at once.
     *
     * @param commands a shell command for each host
     * @param secret the group's secret
     * @return 0 when all succeeded, or one of an elastic group; else the exit code of the host that failed first
     */
    public int run(List<String> hosts, List<String> commands, String secret) {
        try (StopRequests stops = new StopRequests((name, number, second) -> events.add(second ? STOP - 1 : STOP))) {
            for (int i = 0; i < hosts.size(); i++) {
                start(i, hosts.get(i), commands.get(i), secret);
            }
            int code = follow(hosts);
            for (Thread reader : readers) {
                reader.join(SURVIVORS.toMillis());
            }
            return code == 0 && stops.received() != 0 ? stops.exitCode() : code;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Kind.WORKER.exitCode();
        } finally {
            release();
            processes.forEach(process -> process.toHandle().destroyForcibly());
        }
    }

    private void start(int index, String host, String command, String secret) {
        List<String> words = new ArrayList<>(ssh);
        words.add(host);
        words.add(command);
        try {
            Process process = new ProcessBuilder(words).start();
            processes.add(process);
            send(process, secret);
            show(
                    process.inputReader(StandardCharsets.UTF_8),
                    index == 0 ? out : err,
                    index == 0 ? "" : "[" + host + "] ");
            show(process.errorReader(StandardCharsets.UTF_8), err, index == 0 ? "" : "[" + host + "] ");
            process.onExit().thenAccept(ended -> events.add(index));
        } catch (IOException e) {
            throw LockstepException.worker(
                    "ssh cannot be started: " + e.getMessage(),
                    "host = " + host + ", command = " + String.join(" ", ssh),
                    "install an ssh client, or name another program");
        }
    }

    /** Leaves the stream open: the other end takes the end of its input for a request to stop. */
    private static void send(Process process, String secret) {
        try {
            Writer input = process.outputWriter(StandardCharsets.US_ASCII);
            input.write(secret + "\n");
            input.flush();
        } catch (IOException e) {
            // It has ended already; its exit code says why.
        }
    }

    private void show(BufferedReader from, PrintStream to, String prefix) {
        Thread thread = new Thread(() -> copy(from, to, prefix), "lockstep-ssh-output");
        thread.setDaemon(true);
        thread.start();
        readers.add(thread);
    }

    private static void copy(BufferedReader from, PrintStream to, String prefix) {
        try {
            for (String line = from.readLine(); line != null; line = from.readLine()) {
                to.println(prefix + Printable.of(line, LONGEST_LINE));
            }
        } catch (IOException e) {
            // The connection was killed.
        }
    }

    private int follow(List<String> hosts) throws InterruptedException {
        int result = 0;
        int running = hosts.size();
        boolean asked = false;
        boolean anyGood = false;
        long deadline = Long.MAX_VALUE;
        while (running > 0) {
            Integer event = deadline == Long.MAX_VALUE
                    ? events.take()
                    : events.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (event == null && asked || event != null && event < STOP) {
                return result == 0 ? Kind.WORKER.exitCode() : result;
            }
            if (event == null || event == STOP) {
                release();
                asked = true;
                deadline = System.nanoTime() + SAVING.toNanos();
                continue;
            }
            running--;
            int code = processes.get(event).exitValue();
            anyGood |= code == 0;
            if (code != 0 && result == 0) {
                result = code == SSH_FAILED ? Kind.WORKER.exitCode() : code;
                deadline = asked || elastic ? deadline : System.nanoTime() + SURVIVORS.toNanos();
                if (code == SSH_FAILED) {
                    err.println("error: the connection to " + hosts.get(event) + " failed, exit code = " + code
                            + ", try '" + String.join(" ", ssh) + " " + hosts.get(event) + " true'");
                }
            }
        }
        return elastic && anyGood ? 0 : result;
    }

    /** Ends the input of all commands, which asks them to save and stop. */
    private void release() {
        for (Process process : processes) {
            try {
                process.getOutputStream().close();
            } catch (IOException e) {
                // It has ended.
            }
        }
    }
}
