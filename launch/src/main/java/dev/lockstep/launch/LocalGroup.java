package dev.lockstep.launch;

import dev.lockstep.errors.LockstepException.Kind;
import dev.lockstep.supervise.ExitStatus;
import dev.lockstep.supervise.GroupFailure;
import dev.lockstep.supervise.GroupSecret;
import dev.lockstep.supervise.HostName;
import dev.lockstep.supervise.MemberEvent;
import dev.lockstep.supervise.Supervisor;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * One run of a local group: from the start of its processes until all have ended. One thread decides; everything that
 * happens to processes reaches it as an event.
 */
final class LocalGroup {
    /**
     * How a group ended.
     *
     * @param message the failure in one line; null when there was none
     * @param told whether rank 0 has already shown the failure
     */
    record Outcome(int exitCode, @Nullable String message, boolean told) {
        static Outcome good(int exitCode) {
            return new Outcome(exitCode, null, true);
        }

        void print(PrintStream err) {
            if (message != null && !told) {
                err.println("error: " + message);
            }
        }
    }

    private sealed interface Event {}

    private record Exited(int rank, int code) implements Event {}

    private record Lost(int rank) implements Event {}

    private record Silent(int rank) implements Event {}

    private record Failed(int rank, String words) implements Event {}

    private record Stop(boolean second) implements Event {}

    /** The deadline for a process to start or, once it has deregistered, to end has expired. */
    private record TimeOver() implements Event {}

    /**
     * A process that lost its connection to the supervisor is usually about to end; its exit status is more informative.
     */
    private static final Duration EXIT_FOLLOWS = Duration.ofSeconds(1);

    private static final Duration OVERSLEPT = Duration.ofSeconds(2);
    private static final Duration LEAVE_FOLLOWS = Duration.ofMillis(500);
    /** Time for survivors to print the report. */
    private static final Duration SURVIVORS = Duration.ofSeconds(5);
    /** Grace period for a failing process to save and record its error. */
    private static final Duration SAVING = Duration.ofSeconds(60);
    /** Grace period for a group that was stopped before it was complete. */
    private static final Duration UNFORMED = Duration.ofSeconds(5);

    /** Failures that a process explains itself and that a restart does not fix. */
    static final Set<Integer> EXPLAINED =
            Set.of(Kind.RECIPE.exitCode(), Kind.DATA.exitCode(), Kind.DIVERGED.exitCode(), Kind.CHECKPOINT.exitCode());

    /** Used in place of an exit code: the process has reported its failure and may still be saving. */
    private static final int ENDING = -1;

    static final Set<Integer> STOPPED = Set.of(130, 143);

    private final Path logs;
    private final Duration peerTimeout;
    private final Duration startTimeout;
    private final StopRequests stops;
    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private final Map<Integer, Integer> ended = new HashMap<>();
    private final List<Child> children = new ArrayList<>();
    private final Starter starter;
    private final int size;
    private final PrintStream err;
    /** The file with the secret of the group. */
    private final Path secret;

    private final Supervisor supervisor;
    /** Processes that had deregistered but not ended when the deadline last expired. */
    private Set<Integer> leaving = Set.of();

    private boolean started;
    private long deadline;

    private interface Starter {
        Child start(int rank);
    }

    LocalGroup(
            String mainClass,
            int size,
            List<String> arguments,
            Path logs,
            Duration peerTimeout,
            Duration startTimeout,
            StopRequests stops,
            PrintStream out,
            PrintStream err) {
        this.logs = logs;
        this.peerTimeout = peerTimeout;
        this.startTimeout = startTimeout;
        this.stops = stops;
        this.size = size;
        this.err = err;
        this.secret = secretOfUser().orElseGet(GroupSecret::create);
        GroupSecret proved = GroupSecret.from(Map.of(GroupSecret.VARIABLE, secret.toString()));
        this.supervisor = Supervisor.onLoopback(
                size, proved, peerTimeout, this::happened, line -> err.println("notice: " + line));
        this.starter = rank -> Child.start(
                rank, size, ChildJvm.of(mainClass, arguments), supervisor.address(), secret, logs, out, err);
    }

    private static Optional<Path> secretOfUser() {
        String file = System.getenv().getOrDefault(GroupSecret.VARIABLE, "");
        return file.isEmpty() ? Optional.empty() : Optional.of(Path.of(file));
    }

    private void happened(MemberEvent event) {
        switch (event.what()) {
            case LOST -> events.add(new Lost(event.rank()));
            case SILENT -> events.add(new Silent(event.rank()));
            case FAILED -> events.add(new Failed(event.rank(), event.detail()));
            case JOINED, COMPLETE, LEFT -> {}
        }
    }

    /** Starts the processes and waits until all have ended, by themselves or because we ended them. */
    Outcome run() {
        StopRequests.Listener listener = (name, number, second) -> events.add(new Stop(second));
        Thread cleanUp = new Thread(this::killAll);
        Runtime.getRuntime().addShutdownHook(cleanUp);
        stops.add(listener);
        try {
            start();
            return follow();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Outcome.good(stops.exitCode());
        } finally {
            stops.remove(listener);
            killAll();
            supervisor.close();
            removeSecret();
            Runtime.getRuntime().removeShutdownHook(cleanUp);
        }
    }

    private void removeSecret() {
        try {
            if (secretOfUser().isEmpty()) {
                Files.deleteIfExists(secret);
            }
        } catch (IOException e) {
            // It stays in the system's temporary folder until that is cleaned; its group has ended.
        }
    }

    private void start() {
        for (int rank = 0; rank < size; rank++) {
            Child child = starter.start(rank);
            synchronized (children) {
                children.add(child);
            }
            child.process().onExit().thenAccept(process -> events.add(new Exited(child.rank(), process.exitValue())));
        }
        setDeadline();
        if (stops.received() != 0) {
            events.add(new Stop(false));
        }
    }

    private Outcome follow() throws InterruptedException {
        while (ended.size() < size) {
            Event event = next();
            if (event instanceof TimeOver) {
                OptionalInt missing =
                        running().filter(rank -> !supervisor.hasJoined(rank)).findFirst();
                if (missing.isPresent()) {
                    return fail(missing.getAsInt(), "did not start within " + startTimeout.toSeconds() + " s", 0);
                }
                OptionalInt stuck = running().filter(leaving::contains).findFirst();
                if (stuck.isPresent()) {
                    String cause = "finished, but did not end within " + peerTimeout.toSeconds() + " s";
                    return fail(stuck.getAsInt(), cause, 0);
                }
                leaving = running().filter(supervisor::hasLeft).boxed().collect(Collectors.toSet());
                started = true;
                setDeadline();
            } else if (event instanceof Stop stop) {
                if (stop.second) {
                    return Outcome.good(stops.exitCode());
                }
                children.forEach(Child::terminate);
            } else if (event instanceof Exited exited) {
                ended.put(exited.rank, exited.code);
                if (!isGood(exited)) {
                    return ended(exited);
                }
                if (exited.code != 0 && !hasLeft(exited.rank)) {
                    return unformed();
                }
            } else if (event instanceof Silent silent) {
                return fail(silent.rank, GroupFailure.silent(peerTimeout), 0);
            } else if (event instanceof Lost lost && !children.get(lost.rank).endsWithin(EXIT_FOLLOWS)) {
                return fail(lost.rank, "closed its connection to the launcher", 0);
            } else if (event instanceof Failed failed
                    && !children.get(failed.rank).endsWithin(EXIT_FOLLOWS)) {
                return fail(failed.rank, "failed: " + failed.words, ENDING);
            }
        }
        children.forEach(Child::drain);
        return Outcome.good(ended.values().stream().anyMatch(STOPPED::contains) ? stopCode() : 0);
    }

    private IntStream running() {
        return IntStream.range(0, size).filter(rank -> !ended.containsKey(rank));
    }

    private void setDeadline() {
        deadline = System.nanoTime() + (started ? peerTimeout : startTimeout).toNanos();
    }

    private Event next() throws InterruptedException {
        while (true) {
            Event event = events.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (event != null) {
                return event;
            }
            if (System.nanoTime() - deadline <= OVERSLEPT.toNanos()) {
                return new TimeOver();
            }
            // The launcher was stopped, and its processes with it.
            setDeadline();
        }
    }

    private boolean isGood(Exited exited) {
        return exited.code == 0 || STOPPED.contains(exited.code) && (stops.received() != 0 || hasLeft(exited.rank));
    }

    /** Whether an ended process had deregistered. */
    private boolean hasLeft(int rank) {
        return soon(() -> supervisor.hasLeft(rank));
    }

    /** What an ended process reported about its failure, if its exit status does not say it. */
    private Optional<String> words(int rank, int code) {
        return code == Kind.WORKER.exitCode()
                        && soon(() -> supervisor.words(rank).isPresent())
                ? supervisor.words(rank)
                : Optional.empty();
    }

    /** The last message of a process may arrive a moment after its end. */
    static boolean soon(BooleanSupplier heard) {
        long deadline = System.nanoTime() + LEAVE_FOLLOWS.toNanos();
        while (!heard.getAsBoolean() && System.nanoTime() < deadline) {
            try {
                Thread.sleep(10);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return heard.getAsBoolean();
    }

    private int stopCode() {
        return stops.received() != 0
                ? stops.exitCode()
                : ended.values().stream().filter(STOPPED::contains).findFirst().orElse(0);
    }

    /** A process was stopped before it could deregister; the others may wait for it forever. */
    private Outcome unformed() {
        long deadline = System.nanoTime() + UNFORMED.toNanos();
        children.forEach(child -> child.endsWithin(Duration.ofNanos(Math.max(0, deadline - System.nanoTime()))));
        return Outcome.good(stops.exitCode());
    }

    private Outcome ended(Exited exited) throws InterruptedException {
        Child first = children.get(0);
        boolean explained = EXPLAINED.contains(exited.code)
                || words(exited.rank, exited.code).isPresent();
        // Usually all processes find the same fault; then the message of rank 0, already shown, is enough.
        boolean byAll =
                explained && first.endsWithin(EXIT_FOLLOWS) && first.process().exitValue() == exited.code;
        return fail(byAll ? 0 : exited.rank, new ExitStatus(exited.code).toString(), exited.code);
    }

    /** @param code the exit code of the culprit; 0 when it still runs and must be ended, or {@link #ENDING} */
    private Outcome fail(int rank, String cause, int code) throws InterruptedException {
        Child culprit = children.get(rank);
        if (code == 0) {
            culprit.kill();
        } else if (code != ENDING) {
            culprit.drain();
        }
        boolean told = rank == 0 && code > 0 && !new ExitStatus(code).isSignal();
        children.get(0).mute();
        // Its own message names the culprit, which is often another process: an audit fails on all processes.
        String host = HostName.own();
        GroupFailure failure = words(rank, code)
                .map(words -> new GroupFailure(rank, host, words))
                .orElseGet(() -> GroupFailure.of(
                        rank, host, cause, culprit.lastLines(), culprit.log().toString()));
        supervisor.announce(failure);
        long deadline = System.nanoTime() + SURVIVORS.toNanos();
        children.forEach(child -> child.endsWithin(Duration.ofNanos(Math.max(0, deadline - System.nanoTime()))));
        if (code == ENDING || EXPLAINED.contains(code)) {
            awaitSaved(0);
            awaitSaved(rank);
        }
        boolean hasEnded = code == ENDING && !culprit.process().isAlive();
        int endedWith = hasEnded ? culprit.process().exitValue() : code;
        return new Outcome(EXPLAINED.contains(endedWith) ? endedWith : Kind.WORKER.exitCode(), failure.message(), told);
    }

    /** Waits for the end of a process; a second signal from the user ends the wait. */
    private void awaitSaved(int rank) throws InterruptedException {
        long deadline = System.nanoTime() + SAVING.toNanos();
        while (supervisor.hasJoined(rank) && children.get(rank).process().isAlive()) {
            Event event = events.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (event == null || event instanceof Stop stop && stop.second) {
                return;
            }
        }
    }

    private void killAll() {
        List<Child> all;
        synchronized (children) {
            all = List.copyOf(children);
        }
        all.stream().filter(child -> child.process().isAlive()).forEach(Child::kill);
        all.forEach(child -> child.endsWithin(SURVIVORS));
        all.forEach(Child::drain);
    }
}
