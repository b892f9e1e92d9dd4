package dev.lockstep.launch;

import dev.lockstep.errors.LockstepException.Kind;
import dev.lockstep.supervise.ExitStatus;
import dev.lockstep.supervise.GroupFailure;
import dev.lockstep.supervise.GroupSecret;
import dev.lockstep.supervise.HostName;
import dev.lockstep.supervise.MemberEvent;
import dev.lockstep.supervise.NextGroup;
import dev.lockstep.supervise.Supervisor;
import dev.lockstep.supervise.SupervisorAddress;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * The keeper of an elastic group on this machine. Its processes form a sequence of groups, the generations: when one is
 * lost, or one joins, the members of the present generation are sent to the next, which has a supervisor of its own.
 * A process that is not sent there cannot take part any more, even if it wakes up later: it knows no address, and it is
 * killed.
 *
 * <p>A process that replaces a lost one first reports at a supervisor of its own, where it waits for its place; the others
 * continue until it is there.
 */
final class ElasticGroup {
    private sealed interface Event {}

    private record Exited(int number, int code) implements Event {}

    /** Something that a supervisor saw: {@code generation} is {@link #LOBBY} for that of a process that waits. */
    private record Seen(int generation, int rank, MemberEvent what) implements Event {}

    private record Stop(boolean second) implements Event {}

    /** It is time to replace a lost process. */
    private record Replace() implements Event {}

    private record TimeOver() implements Event {}

    private static final int LOBBY = -1;
    private static final Duration SURVIVORS = Duration.ofSeconds(5);
    private static final Duration FIRST_BACKOFF = Duration.ofSeconds(1);
    private static final Duration LONGEST_BACKOFF = Duration.ofSeconds(60);
    /** A process that lived for so long was not ended by what ends it at once. */
    private static final Duration SETTLED = Duration.ofSeconds(10);

    private final String mainClass;
    private final Supplier<List<String>> arguments;
    private final Elastic elastic;
    private final Path logs;
    private final Duration peerTimeout;
    private final Duration startTimeout;
    private final StopRequests stops;
    private final PrintStream out;
    private final PrintStream err;
    private final Path secret = GroupSecret.create();
    private final GroupSecret proved = GroupSecret.from(Map.of(GroupSecret.VARIABLE, secret.toString()));
    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();

    /** Every process ever started, by its number. */
    private final List<Child> children = new ArrayList<>();

    private final Map<Integer, Integer> ended = new HashMap<>();
    private final Map<Integer, Long> startedAt = new HashMap<>();
    /** Processes that wait for a place, each with its own supervisor. */
    private final Map<Integer, Supervisor> lobby = new HashMap<>();
    /** Those of former generations, for processes that have not heard of their next place yet. */
    private final List<Supervisor> former = new ArrayList<>();

    private int generation;
    /** Numbers of processes, by rank. */
    private List<Integer> members = List.of();

    private Supervisor supervisor;
    private final Set<Integer> joined = new HashSet<>();
    private long deadline;
    private Duration backoff = FIRST_BACKOFF;

    ElasticGroup(
            String mainClass,
            int size,
            Supplier<List<String>> arguments,
            Elastic elastic,
            Path logs,
            Duration peerTimeout,
            Duration startTimeout,
            StopRequests stops,
            PrintStream out,
            PrintStream err) {
        this.mainClass = mainClass;
        this.arguments = arguments;
        this.elastic = elastic;
        this.logs = logs;
        this.peerTimeout = peerTimeout;
        this.startTimeout = startTimeout;
        this.stops = stops;
        this.out = out;
        this.err = err;
        this.supervisor = supervise(0, size);
    }

    private Supervisor supervise(int of, int size) {
        return Supervisor.onLoopback(
                size, proved, peerTimeout, event -> events.add(new Seen(of, event.rank(), event)), line -> {
                    // The first group may wait for long; later ones wait for processes that are watched.
                    if (of == 0) {
                        err.println("notice: " + line);
                    }
                });
    }

    /** Starts the processes and waits until all have ended, by themselves or because this ended them. */
    LocalGroup.Outcome run(int size) {
        StopRequests.Listener listener = (name, number, second) -> events.add(new Stop(second));
        Thread cleanUp = new Thread(this::killAll);
        Runtime.getRuntime().addShutdownHook(cleanUp);
        stops.add(listener);
        try {
            List<Integer> first = new ArrayList<>();
            for (int rank = 0; rank < size; rank++) {
                first.add(start(rank, size, supervisor.address()));
            }
            members = first;
            setDeadline(startTimeout);
            return follow();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return LocalGroup.Outcome.good(stops.exitCode());
        } finally {
            stops.remove(listener);
            killAll();
            supervisor.close();
            former.forEach(Supervisor::close);
            lobby.values().forEach(Supervisor::close);
            Runtime.getRuntime().removeShutdownHook(cleanUp);
            try {
                Files.deleteIfExists(secret);
            } catch (IOException e) {
                // It stays in the system's temporary folder until that is cleaned; its group has ended.
            }
        }
    }

    private int start(int rank, int size, SupervisorAddress at) {
        int number = children.size();
        ProcessBuilder builder = ChildJvm.of(mainClass, arguments.get());
        Child child = Child.elastic(number, rank, size, builder, at, secret, logs, out, err);
        synchronized (children) {
            children.add(child);
        }
        startedAt.put(number, System.nanoTime());
        child.process().onExit().thenAccept(process -> events.add(new Exited(number, process.exitValue())));
        return number;
    }

    private LocalGroup.Outcome follow() throws InterruptedException {
        while (ended.size() < children.size()) {
            Event event = next();
            Optional<LocalGroup.Outcome> over = Optional.empty();
            if (event instanceof Stop stop) {
                if (stop.second) {
                    return LocalGroup.Outcome.good(stops.exitCode());
                }
                endLobby();
                children.forEach(Child::terminate);
            } else if (event instanceof Exited exited) {
                over = exited(exited);
            } else if (event instanceof Seen seen) {
                over = seen(seen);
            } else if (event instanceof Replace) {
                replace();
            } else {
                over = late();
            }
            if (over.isPresent()) {
                return over.get();
            }
        }
        children.forEach(Child::drain);
        int stopped = members.stream()
                .map(ended::get)
                .filter(LocalGroup.STOPPED::contains)
                .findFirst()
                .orElse(0);
        return LocalGroup.Outcome.good(stops.received() != 0 ? stops.exitCode() : stopped);
    }

    private Event next() throws InterruptedException {
        Event event = deadline == 0
                ? events.take()
                : events.poll(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
        return event == null ? new TimeOver() : event;
    }

    private void setDeadline(Duration time) {
        deadline = System.nanoTime() + time.toNanos();
    }

    private Optional<LocalGroup.Outcome> exited(Exited exited) throws InterruptedException {
        int number = exited.number;
        ended.put(number, exited.code);
        Supervisor waiting = lobby.remove(number);
        if (waiting != null) {
            waiting.close();
            err.println(
                    "notice: process " + number + ", which was to replace a lost one, " + new ExitStatus(exited.code)
                            + ", see " + children.get(number).log());
            scheduleReplacement(number);
            return Optional.empty();
        }
        if (!members.contains(number)) {
            return Optional.empty();
        }
        if (exited.code == 0 || LocalGroup.STOPPED.contains(exited.code) && hasStopped(number)) {
            // The run is over; nobody is to be replaced any more.
            endLobby();
            return Optional.empty();
        }
        if (LocalGroup.EXPLAINED.contains(exited.code)) {
            return Optional.of(fail(failure(number, new ExitStatus(exited.code).toString()), exited.code));
        }
        return lose(number, new ExitStatus(exited.code).toString());
    }

    /** Whether an ended process had saved and deregistered, because it or all were told to stop. */
    private boolean hasStopped(int number) {
        int rank = members.indexOf(number);
        return stops.received() != 0 || LocalGroup.soon(() -> supervisor.hasLeft(rank));
    }

    private Optional<LocalGroup.Outcome> seen(Seen seen) throws InterruptedException {
        if (seen.generation == LOBBY) {
            if (seen.what.what() == MemberEvent.What.JOINED && lobby.containsKey(seen.rank)) {
                admit(seen.rank);
            }
            return Optional.empty();
        }
        if (seen.generation != generation) {
            return Optional.empty();
        }
        switch (seen.what.what()) {
            case JOINED -> joined.add(seen.rank);
            case COMPLETE -> {
                deadline = 0;
                former.forEach(Supervisor::close);
                former.clear();
            }
            case SILENT -> {
                return lose(members.get(seen.rank), GroupFailure.silent(peerTimeout));
            }
            case FAILED -> {
                return lose(members.get(seen.rank), "failed: " + seen.what.detail());
            }
            case LOST, LEFT -> {
                // Its exit follows, and says more.
            }
        }
        return Optional.empty();
    }

    /** Some have not joined the present generation in time. */
    private Optional<LocalGroup.Outcome> late() throws InterruptedException {
        for (int rank = 0; rank < members.size(); rank++) {
            if (!joined.contains(rank) && !ended.containsKey(members.get(rank))) {
                return lose(members.get(rank), "did not join in time");
            }
        }
        deadline = 0;
        return Optional.empty();
    }

    /** Short, because the lines of one loss are in the log of the next: without the end of the log. */
    private GroupFailure failure(int number, String cause) {
        Child child = children.get(number);
        child.drain();
        int rank = Math.max(0, members.indexOf(number));
        String words = "rank " + rank + " on " + HostName.own() + " " + cause + ", see " + child.log();
        return new GroupFailure(rank, HostName.own(), words);
    }

    /** Whether a process has ended well: the run is over then, or was told to stop. */
    private boolean isFinished(int number) {
        int code = ended.getOrDefault(number, -1);
        return code == 0 || LocalGroup.STOPPED.contains(code);
    }

    private Optional<LocalGroup.Outcome> lose(int number, String cause) throws InterruptedException {
        if (!members.contains(number)) {
            return Optional.empty();
        }
        children.get(number).kill();
        GroupFailure failure = failure(number, cause);
        List<Integer> rest = new ArrayList<>(members);
        rest.remove(Integer.valueOf(number));
        boolean finishing = rest.stream().anyMatch(other -> isFinished(other));
        rest.removeIf(ended::containsKey);
        if (finishing || rest.size() < elastic.least()) {
            return Optional.of(fail(failure, Kind.WORKER.exitCode()));
        }
        moveOn(rest, failure);
        scheduleReplacement(number);
        return Optional.empty();
    }

    /** Sends the members of the present generation that are in the list to the next one. */
    private void moveOn(List<Integer> next, GroupFailure reason) {
        generation++;
        Supervisor following = supervise(generation, next.size());
        Map<Integer, NextGroup> places = new HashMap<>();
        for (int rank = 0; rank < next.size(); rank++) {
            NextGroup place = new NextGroup(rank, next.size(), following.address());
            int before = members.indexOf(next.get(rank));
            if (before >= 0) {
                places.put(before, place);
            } else {
                Supervisor waiting = lobby.remove(next.get(rank));
                if (waiting != null) {
                    waiting.succeed(reason, Map.of(0, place));
                    former.add(waiting);
                }
            }
        }
        supervisor.succeed(reason, places);
        former.add(supervisor);
        supervisor = following;
        members = next;
        joined.clear();
        children.get(members.get(0)).show();
        // All have started already. One that was stopped on the way is seen by nobody else.
        setDeadline(peerTimeout);
    }

    private void scheduleReplacement(int lost) {
        if (!elastic.replaces() || stops.received() != 0) {
            return;
        }
        boolean settled = System.nanoTime() - startedAt.getOrDefault(lost, 0L) > SETTLED.toNanos();
        backoff = settled ? FIRST_BACKOFF : backoff;
        long millis = backoff.toMillis();
        Duration doubled = backoff.multipliedBy(2);
        backoff = doubled.compareTo(LONGEST_BACKOFF) < 0 ? doubled : LONGEST_BACKOFF;
        Thread timer = new Thread(
                () -> {
                    try {
                        Thread.sleep(millis);
                        events.add(new Replace());
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                "lockstep-replace");
        timer.setDaemon(true);
        timer.start();
    }

    private void replace() {
        boolean over = members.stream().anyMatch(this::isFinished);
        if (over || stops.received() != 0 || members.size() + lobby.size() >= elastic.most()) {
            return;
        }
        int number = children.size();
        // Of size 2, so that it is never complete: the process waits for its place.
        Supervisor waiting = Supervisor.onLoopback(
                2, proved, peerTimeout, event -> events.add(new Seen(LOBBY, number, event)), line -> {});
        lobby.put(number, waiting);
        start(0, 2, waiting.address());
    }

    /** A process has started and waits: all continue with it. */
    private void admit(int number) {
        List<Integer> next = new ArrayList<>(members);
        next.add(number);
        moveOn(next, new GroupFailure(GroupFailure.NO_RANK, HostName.own(), "process " + number + " joins the group"));
    }

    private void endLobby() {
        lobby.forEach((number, waiting) -> {
            children.get(number).kill();
            waiting.close();
        });
        lobby.clear();
    }

    private LocalGroup.Outcome fail(GroupFailure failure, int code) {
        supervisor.announce(failure);
        long until = System.nanoTime() + SURVIVORS.toNanos();
        children.forEach(child -> child.endsWithin(Duration.ofNanos(Math.max(0, until - System.nanoTime()))));
        return new LocalGroup.Outcome(code, failure.message(), false);
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
