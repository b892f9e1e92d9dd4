package dev.lockstep.launch;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** Copies standard output and error of a process as they arrive, to a common log and to the outputs of this process. */
final class PassThrough {
    private static final long DRAIN_MILLIS = 1000;

    private final List<Thread> threads;
    private final PrintStream err;
    private volatile boolean muted;
    private volatile boolean midLine;

    private PassThrough(Process process, OutputStream log, PrintStream out, PrintStream err) {
        this.err = err;
        this.threads = List.of(
                new Thread(() -> copy(process.getInputStream(), log, out), "lockstep-out"),
                new Thread(() -> copy(process.getErrorStream(), log, err), "lockstep-err"));
    }

    /** @param shown whether its output is shown at first */
    static PassThrough start(Process process, Path log, PrintStream out, PrintStream err, boolean shown)
            throws IOException {
        OutputStream file = Files.newOutputStream(log, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        PassThrough pass = new PassThrough(process, file, out, err);
        pass.muted = !shown;
        pass.threads.forEach(thread -> {
            thread.setDaemon(true);
            thread.start();
        });
        return pass;
    }

    private void copy(InputStream from, OutputStream log, PrintStream to) {
        byte[] buffer = new byte[8192];
        try (from) {
            for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
                write(log, buffer, count);
                if (!muted) {
                    to.write(buffer, 0, count);
                    to.flush();
                    midLine = to == err ? buffer[count - 1] != '\n' : midLine;
                }
            }
        } catch (IOException e) {
            // The process was killed while it wrote; earlier output is in the log.
        }
    }

    /** A full disk must not suppress the run's output: only the log loses what does not fit. */
    private static void write(OutputStream log, byte[] buffer, int count) {
        try {
            log.write(buffer, 0, count);
        } catch (IOException e) {
            // The run itself warns about the full disk.
        }
    }

    /** Shows output from now on. */
    void show() {
        muted = false;
    }

    /** Stops showing output, and ends a partially shown line. */
    void mute() {
        if (!muted) {
            muted = true;
            if (midLine) {
                err.println();
            }
        }
    }

    /** Waits until all output of the ended process is copied. */
    void drain() {
        for (Thread thread : threads) {
            try {
                thread.join(DRAIN_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
