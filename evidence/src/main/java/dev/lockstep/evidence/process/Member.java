package dev.lockstep.evidence.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** A process that this or another process started. */
public class Member {
    private final long pid;
    private final Signals signals;

    Member(long pid, Signals signals) {
        this.pid = pid;
        this.signals = signals;
    }

    public final long pid() {
        return pid;
    }

    public final void signal(Signal signal) {
        signals.send(signal, pid);
    }

    /** Sends a signal to the whole process group that this process leads, as a terminal does. */
    public final void signalGroup(Signal signal) {
        signals.send(signal, -pid);
    }

    /** Whether it has ended; one that its parent has not yet waited for has. */
    public final boolean gone() {
        return status("State").map(state -> state.startsWith("Z")).orElse(true);
    }

    /** A value of /proc/PID/status. */
    public final Optional<String> status(String key) {
        try (Stream<String> lines = Files.lines(file("status"))) {
            return lines.filter(line -> line.startsWith(key + ":"))
                    .map(line -> line.substring(key.length() + 1).strip())
                    .findFirst();
        } catch (IOException | UncheckedIOException e) {
            return Optional.empty();
        }
    }

    /** A file of /proc/PID. */
    public final Path file(String name) {
        return Path.of("/proc", Long.toString(pid), name);
    }
}
