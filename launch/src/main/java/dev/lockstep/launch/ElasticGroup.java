package dev.lockstep.launch;

import dev.lockstep.errors.LockstepException.Kind;
import dev.lockstep.supervise.ExitStatus;
import dev.lockstep.supervise.GroupFailure;
import dev.lockstep.supervise.GroupSecret;
import dev.lockstep.supervise.HostName;
import dev.lockstep.supervise.Keeper;
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
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * An elastic group on this machine: starts its processes, is their {@link Keeper}, and replaces those that end before the
 * run does. A process that replaces another one first reports in the lobby; the others continue until it is there.
 */
final class ElasticGroup implements Keeper.Owner {
    private sealed interface Event {}

    private record Exited(int number, int code) implements Event {}

    private record Seen(Keeper.Seen what) implements Event {}

    private record Stop(boolean second) implements Event {}

    /** It is time to replace a process. */
    private record Replace() implements Event {}

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
    private final StopRequests stops;
    private final PrintStream out;
    private final PrintStream err;
    private final Path secret = GroupSecret.create();
    private final GroupSecret proved = GroupSecret.from(Map.of(GroupSecret.VARIABLE, secret.toString()));
    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private final Keeper keeper;
    private final SupervisorAddress lobby;
    private boolean gathered;

    /** Every process ever started, by its number. */
    private final List<Child> children = new ArrayList<>();

    private final Map<Integer, Integer> ended = new HashMap<>();
    private final Map<Integer, Long> startedAt = new HashMap<>();
    /** The numbers of those that are or have been members. */
    private final Set<Integer> known = new HashSet<>();
    /** The numbers of those that are replaced already. */
    private final Set<Integer> replaced = new HashSet<>();

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
        this.stops = stops;
        this.out = out;
        this.err = err;
        Supervisor lobby = Supervisor.lobbyOnLoopback(proved, peerTimeout, event -> later(Keeper.inLobby(event)));
        this.lobby = lobby.address();
        this.keeper = new Keeper(
                NextGroup.LAUNCHER,
                IntStream.range(0, size).boxed().toList(),
                elastic.least(),
                elastic.most(),
                lobby,
                startTimeout,
                peerTimeout,
                this);
    }

    @Override
    public Supervisor supervise(int size, Consumer<MemberEvent> seen) {
        // The first group may wait for long; later ones wait for processes that are watched.
        boolean first = !gathered;
        gathered = true;
        return Supervisor.onLoopback(size, proved, peerTimeout, seen, line -> {
            if (first) {
                err.println("notice: " + line);
            }
        });
    }

    @Override
    public void later(Keeper.Seen event) {
        events.add(new Seen(event));
    }

    @Override
    public void expel(int number) {
        children.get(number).kill();
        scheduleReplacement(number);
    }

    /** Short, because the lines of one loss are in the log of the next: without the end of the log. */
    @Override
    public GroupFailure report(int rank, int number, String cause) {
        Child child = children.get(number);
        child.drain();
        String words = "rank " + rank + " on " + HostName.own() + " " + cause + ", see " + child.log();
        return new GroupFailure(rank, HostName.own(), words);
    }

    @Override
    public boolean seesEnds() {
        return true;
    }

    @Override
    public void begins(List<Integer> members) {
        known.addAll(members);
        children.get(members.get(0)).show();
    }

    /** Starts the processes and waits until all have ended, by themselves or because this ended them. */
    LocalGroup.Outcome run(int size) {
        StopRequests.Listener listener = (name, number, second) -> events.add(new Stop(second));
        Thread cleanUp = new Thread(this::killAll);
        Runtime.getRuntime().addShutdownHook(cleanUp);
        stops.add(listener);
        try {
            for (int rank = 0; rank < size; rank++) {
                start(rank, size, keeper.address());
            }
            known.addAll(keeper.members());
            return follow();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return LocalGroup.Outcome.good(stops.exitCode());
        } finally {
            stops.remove(listener);
            killAll();
            keeper.close();
            Runtime.getRuntime().removeShutdownHook(cleanUp);
            try {
                Files.deleteIfExists(secret);
            } catch (IOException e) {
                // It stays in the system's temporary folder until that is cleaned; its group has ended.
            }
        }
    }

    private void start(int rank, int size, SupervisorAddress at) {
        int number = children.size();
        ProcessBuilder builder = ChildJvm.of(mainClass, arguments.get());
        Child child = Child.elastic(number, rank, size, builder, at, secret, logs, out, err);
        synchronized (children) {
            children.add(child);
        }
        startedAt.put(number, System.nanoTime());
        child.process().onExit().thenAccept(process -> events.add(new Exited(number, process.exitValue())));
    }

    private LocalGroup.Outcome follow() throws InterruptedException {
        while (ended.size() < children.size()) {
            Event event = events.take();
            Optional<LocalGroup.Outcome> over = Optional.empty();
            if (event instanceof Stop stop) {
                if (stop.second) {
                    return LocalGroup.Outcome.good(stops.exitCode());
                }
                keeper.stop();
                killGuests();
            } else if (event instanceof Exited exited) {
                over = exited(exited);
            } else if (event instanceof Seen seen) {
                over = keeper.on(seen.what).map(failure -> fail(failure, Kind.WORKER.exitCode()));
            } else {
                replace();
            }
            if (over.isPresent()) {
                return over.get();
            }
        }
        children.forEach(Child::drain);
        int stopped = keeper.members().stream()
                .map(ended::get)
                .filter(LocalGroup.STOPPED::contains)
                .findFirst()
                .orElse(0);
        return LocalGroup.Outcome.good(stops.received() != 0 ? stops.exitCode() : stopped);
    }

    private Optional<LocalGroup.Outcome> exited(Exited exited) {
        int number = exited.number;
        ended.put(number, exited.code);
        String status = new ExitStatus(exited.code).toString();
        if (!keeper.members().contains(number)) {
            if (!known.contains(number) && !keeper.isOver()) {
                err.println("notice: process " + number + ", which was to replace another one, " + status + ", see "
                        + children.get(number).log());
            }
            scheduleReplacement(number);
            return Optional.empty();
        }
        if (exited.code == 0 || LocalGroup.STOPPED.contains(exited.code) && hasStopped(number)) {
            keeper.finish(number);
            killGuests();
            return Optional.empty();
        }
        if (LocalGroup.EXPLAINED.contains(exited.code)) {
            GroupFailure failure = report(keeper.members().indexOf(number), number, status);
            keeper.announce(failure);
            return Optional.of(fail(failure, exited.code));
        }
        return keeper.lose(number, status).map(failure -> fail(failure, Kind.WORKER.exitCode()));
    }

    /** Whether an ended process had saved and deregistered, because it or all were told to stop. */
    private boolean hasStopped(int number) {
        return stops.received() != 0 || keeper.isStopping() || LocalGroup.soon(() -> keeper.hasLeft(number));
    }

    private void scheduleReplacement(int number) {
        if (!elastic.replaces() || keeper.isOver() || !replaced.add(number)) {
            return;
        }
        boolean settled = System.nanoTime() - startedAt.getOrDefault(number, 0L) > SETTLED.toNanos();
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
        if (!keeper.isOver() && keeper.members().size() + guests().count() < elastic.most()) {
            int number = children.size();
            start(number, number + 1, lobby);
        }
    }

    /** The running processes that have never been members. */
    private Stream<Child> guests() {
        return IntStream.range(0, children.size())
                .filter(number -> !known.contains(number) && !ended.containsKey(number))
                .mapToObj(children::get);
    }

    private void killGuests() {
        guests().forEach(Child::kill);
    }

    private LocalGroup.Outcome fail(GroupFailure failure, int code) {
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
