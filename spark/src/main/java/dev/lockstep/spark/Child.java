package dev.lockstep.spark;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The process that a task has started, and what it says. Closing kills it if it still runs. */
final class Child implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LockstepSpark.class);

    private static final long POLL_MILLIS = 100;
    /** For the last step and its checkpoint, when the job is cancelled. */
    private static final long SAVING_SECONDS = 20;

    private static final long OUTPUT_SECONDS = 10;
    private static final int LINES_KEPT = 20;

    private final Process process;
    private final String name;
    private final Consumer<Progress> progress;
    private final Deque<String> errors = new ArrayDeque<>();
    private final StringBuilder output = new StringBuilder();
    private final Thread out;
    private final Thread err;

    private Child(Process process, String name, Consumer<Progress> progress) {
        this.process = process;
        this.name = name;
        this.progress = progress;
        this.out = reader(process.getInputStream(), this::onOutput);
        this.err = reader(process.getErrorStream(), this::onError);
    }

    /**
     * @param name stands before each line in the log
     * @param progress called by another thread
     */
    static Child start(ProcessBuilder builder, String name, Consumer<Progress> progress) throws IOException {
        Child child = new Child(builder.start(), name, progress);
        LOG.info("{}: started process {}", name, child.process.pid());
        return child;
    }

    private Thread reader(InputStream stream, Consumer<String> line) {
        Thread thread = new Thread(() -> read(stream, line), "lockstep-" + name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private void read(InputStream stream, Consumer<String> line) {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
            for (String next = lines.readLine(); next != null; next = lines.readLine()) {
                line.accept(next);
            }
        } catch (IOException e) {
            LOG.warn("{}: its output cannot be read any longer: {}", name, e.toString());
        }
    }

    private void onOutput(String line) {
        Progress.fromLine(line).ifPresentOrElse(progress, () -> {
            synchronized (output) {
                output.append(line).append('\n');
            }
        });
    }

    private void onError(String line) {
        if (line.isBlank()) {
            return;
        }
        LOG.info("{}: {}", name, line);
        synchronized (errors) {
            errors.addLast(line);
            if (errors.size() > LINES_KEPT) {
                errors.removeFirst();
            }
        }
    }

    /**
     * Waits for the end of the process. When the task is to end before it, the process may save first.
     *
     * @return the exit code; of a process that was cancelled too
     */
    int await(BooleanSupplier cancelled) throws InterruptedException {
        while (!process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
            if (cancelled.getAsBoolean()) {
                LOG.info("{}: the task is cancelled; process {} saves and stops", name, process.pid());
                process.toHandle().destroy();
                process.waitFor(SAVING_SECONDS, TimeUnit.SECONDS);
                break;
            }
        }
        close();
        out.join(TimeUnit.SECONDS.toMillis(OUTPUT_SECONDS));
        err.join(TimeUnit.SECONDS.toMillis(OUTPUT_SECONDS));
        return process.waitFor();
    }

    /** Everything on standard output but its progress. */
    String output() {
        synchronized (output) {
            return output.toString().strip();
        }
    }

    /** Its error line without the word; if it printed none, its last line. */
    String message() {
        synchronized (errors) {
            String last = errors.isEmpty() ? "the process ended without a word" : errors.getLast();
            return errors.stream()
                    .filter(line -> line.startsWith("error: "))
                    .reduce((first, second) -> second)
                    .map(line -> line.substring("error: ".length()))
                    .orElse(last);
        }
    }

    @Override
    public void close() {
        process.toHandle().destroyForcibly();
    }
}
