package dev.lockstep.collective;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.supervise.Connection;
import dev.lockstep.supervise.FailurePolicy;
import dev.lockstep.supervise.GroupFailure;
import dev.lockstep.supervise.HostName;
import dev.lockstep.supervise.MemberEvent;
import dev.lockstep.supervise.NextGroup;
import dev.lockstep.supervise.PeerMonitor;
import dev.lockstep.supervise.PeerMonitor.Watcher;
import dev.lockstep.supervise.Place;
import dev.lockstep.supervise.Succession;
import dev.lockstep.supervise.Supervisor;
import dev.lockstep.supervise.SupervisorAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A process's connection to the supervisor of its group and, in rank 0 of a group that another launcher started, the
 * supervisor itself. That supervisor sees processes vanish or fall silent, but not their exit status, which only our
 * own launcher knows.
 */
final class SupervisorWatch implements Watch {
    private static final Duration LISTENING = Duration.ofSeconds(1);

    private final int rank;
    private final PeerMonitor monitor;
    private final @Nullable Supervisor supervisor;
    private final @Nullable Succession heirs;
    private final AtomicBoolean told = new AtomicBoolean();

    private SupervisorWatch(
            int rank, Connection connection, Watcher watcher, Terms terms, @Nullable Supervisor supervisor) {
        this(rank, connection, watcher, terms, supervisor, null);
    }

    private SupervisorWatch(
            int rank,
            Connection connection,
            Watcher watcher,
            Terms terms,
            @Nullable Supervisor supervisor,
            @Nullable Succession heirs) {
        this.rank = rank;
        this.heirs = heirs;
        this.monitor = PeerMonitor.over(connection, rank, watcher, policy(terms), () -> stop(terms), heirs);
        this.supervisor = supervisor;
        if (supervisor != null) {
            // The others were notified before rank 0.
            monitor.outcome().thenAccept(failure -> failure.ifPresent(known -> supervisor.close()));
        }
    }

    private static void stop(Terms terms) {
        terms.options()
                .events()
                .accept(new MemberEvent(
                        MemberEvent.What.STOPPING, GroupFailure.NO_RANK, HostName.own(), "all save and stop"));
    }

    /** Publishes an event, then applies the caller's policy. */
    private static FailurePolicy policy(Terms terms) {
        return failure -> {
            try {
                terms.options()
                        .events()
                        .accept(new MemberEvent(
                                MemberEvent.What.FAILED, failure.rank(), failure.host(), failure.message()));
            } finally {
                terms.policy().onFailure(failure);
            }
        };
    }

    /** Joins the group of the launcher that started this process. */
    static SupervisorWatch launched(SupervisorAddress launcher, Connection.Request request, int rank, Terms terms) {
        Watcher watcher = Watcher.launcher(terms.options().peerTimeout());
        Connection connection = open(() -> launcher, request, watcher.name(), terms);
        return new SupervisorWatch(rank, connection, watcher, terms, null);
    }

    /** Reports in the lobby of an elastic group that no launcher keeps. */
    static SupervisorWatch lobby(
            Supplier<SupervisorAddress> keeper, Connection.Request request, IntSupplier number, Terms terms) {
        Connection connection = open(keeper, request, "the keeper of the group", terms);
        Watcher watcher = Watcher.keeper(connection.reply(), terms.options().peerTimeout());
        return new SupervisorWatch(number.getAsInt(), connection, watcher, terms, null);
    }

    /** Joins a generation of an elastic group that no launcher keeps. */
    static SupervisorWatch kept(NextGroup place, Connection.Request request, Terms terms, Succession heirs) {
        // It listens already.
        Terms soon = terms.withJoinTimeoutAtMost(LISTENING);
        Connection connection = open(place::supervisor, request, "the keeper of the group", soon);
        Watcher watcher = Watcher.keeper(connection.reply(), terms.options().peerTimeout());
        return new SupervisorWatch(place.rank(), connection, watcher, terms, null, heirs);
    }

    /** Joins the group of a supervisor that the caller runs somewhere. */
    static SupervisorWatch supervised(SupervisorAddress supervisor, Connection.Request request, int rank, Terms terms) {
        Connection connection = open(() -> supervisor, request, "the supervisor of this group", terms);
        Watcher watcher = Watcher.supervisor(connection.reply(), terms.options().peerTimeout());
        return new SupervisorWatch(rank, connection, watcher, terms, null);
    }

    /** Joins the group whose supervisor rank 0 runs. */
    static SupervisorWatch member(
            Supplier<SupervisorAddress> rankZero, Connection.Request request, int rank, Terms terms) {
        Connection connection = open(rankZero, request, "rank 0", terms);
        Watcher watcher = Watcher.rankZero(connection.reply(), terms.options().peerTimeout());
        return new SupervisorWatch(rank, connection, watcher, terms, null);
    }

    private static Connection open(
            Supplier<SupervisorAddress> where, Connection.Request request, String who, Terms terms) {
        GroupOptions options = terms.options();
        return Connection.open(where, terms.secret(), request, who, options.joinTimeout(), options.notices());
    }

    /**
     * Runs the supervisor of a group as rank 0, and joins it.
     *
     * @param started receives the supervisor's address before this process joins
     * @throws IOException when the supervisor cannot listen there
     */
    static SupervisorWatch keeper(
            InetSocketAddress where,
            int size,
            Connection.Request request,
            Terms terms,
            Consumer<SupervisorAddress> started)
            throws IOException {
        Duration timeout = terms.options().peerTimeout();
        // The policy is notified of a failure like that of any member.
        Supervisor supervisor = new Supervisor(
                where,
                size,
                terms.secret(),
                timeout,
                event -> {},
                terms.options().notices(),
                failure -> {});
        try {
            started.accept(supervisor.address());
            Connection connection = open(supervisor::address, request, "rank 0", terms);
            return new SupervisorWatch(0, connection, Watcher.rankZero(HostName.own(), timeout), terms, supervisor);
        } catch (RuntimeException | Error e) {
            supervisor.close();
            throw e;
        }
    }

    /**
     * Waits until all processes have joined.
     *
     * @return all of them, by rank
     * @throws LockstepException of kind WORKER that names the missing ranks
     */
    Map<Integer, PeerMonitor.Member> awaitRoster(int size, Duration patience) {
        return monitor.awaitRoster(patience).orElseThrow(() -> missing(size, patience));
    }

    /**
     * Waits in a lobby for a place, which {@link #next} then has.
     *
     * @return the reason, or why there is none; empty when neither is known in time
     */
    Optional<LockstepException> awaitPlace(Duration patience) {
        try {
            return Optional.of(monitor.outcome()
                    .get(patience.toMillis(), TimeUnit.MILLISECONDS)
                    .map(GroupFailure::asException)
                    .orElseGet(() -> missing(0, patience)));
        } catch (TimeoutException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.of(missing(0, patience));
        } catch (ExecutionException e) {
            throw new IllegalStateException("never completed exceptionally", e);
        }
    }

    /** Only the supervisor knows who is missing. */
    LockstepException missing(int size, Duration patience) {
        List<Integer> missing = supervisor == null ? List.of() : supervisor.missing();
        String within = " did not join within " + patience.toSeconds() + " s";
        if (missing.isEmpty()) {
            return LockstepException.worker(
                    "some processes" + within, "rank = " + rank, "see the supervisor's messages for the missing ranks");
        }
        return LockstepException.worker(
                missing.size() + " of " + size + " processes" + within,
                "missing rank = "
                        + String.join(
                                ", ", missing.stream().map(String::valueOf).toList()),
                "see their logs, and check that they can reach this machine");
    }

    @Override
    public CompletableFuture<Optional<GroupFailure>> outcome() {
        return monitor.outcome();
    }

    @Override
    public Optional<GroupFailure> awaitVerdict() {
        return monitor.awaitVerdict();
    }

    @Override
    public Optional<NextGroup> next() {
        return monitor.next();
    }

    @Override
    public boolean isChangeDue() {
        return monitor.isChangeDue();
    }

    @Override
    public void ready() {
        monitor.ready();
    }

    @Override
    public void leave() {
        monitor.leave();
    }

    @Override
    public void begun() {
        if (heirs != null) {
            heirs.begun();
        }
    }

    /** Rank 0 stays until the others are notified: the supervisor ends with it. */
    @Override
    public void failed(String words) {
        if (monitor.outcome().isDone() || !told.compareAndSet(false, true)) {
            return;
        }
        monitor.fail(words);
        if (supervisor != null) {
            supervisor.awaitEndings();
            supervisor.announce(GroupFailure.inOwnWords(rank, HostName.own(), words));
        }
    }

    @Override
    public void end() {
        monitor.close();
        if (supervisor != null) {
            supervisor.dismiss();
        }
        if (heirs != null) {
            heirs.end();
        }
    }

    @Override
    public void close() {
        monitor.abandon();
        if (heirs != null && monitor.next().isEmpty()) {
            heirs.handOver();
        }
        if (supervisor != null) {
            // Counts only if nothing has been reported.
            supervisor.announce(GroupFailure.of(rank, HostName.own(), GroupFailure.VANISHED));
            supervisor.close();
        }
    }

    /** The request of a process that joins without listening for data. */
    static Connection.Request withoutData(int rank, int size) {
        return channel -> Place.of(rank, size, Place.SAME, 0).request();
    }
}
