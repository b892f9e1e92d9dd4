package dev.lockstep.collective;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.supervise.Connection;
import dev.lockstep.supervise.FailureReport;
import dev.lockstep.supervise.HostName;
import dev.lockstep.supervise.PeerMonitor;
import dev.lockstep.supervise.PeerMonitor.Watcher;
import dev.lockstep.supervise.Place;
import dev.lockstep.supervise.Supervisor;
import dev.lockstep.supervise.SupervisorAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A process's membership in a group: its connection to the supervisor and, in rank 0 of a group that another launcher
 * started, the supervisor itself. That one sees processes vanish or fall silent, but not their exit status; our own launcher
 * knows that, too.
 */
final class Membership implements Watch {
    private final int rank;
    private final PeerMonitor monitor;
    private final @Nullable Supervisor supervisor;

    private Membership(int rank, PeerMonitor monitor, @Nullable Supervisor supervisor) {
        this.rank = rank;
        this.monitor = monitor;
        this.supervisor = supervisor;
    }

    /** Joins the group of the launcher that started this process. */
    static Membership launched(SupervisorAddress launcher, Connection.Request request, int rank, Terms terms) {
        Watcher watcher = Watcher.launcher(terms.peerTimeout());
        Connection connection = open(() -> launcher, request, watcher.name(), terms);
        return new Membership(rank, PeerMonitor.over(connection, watcher, terms.ending()), null);
    }

    /** Joins the group that rank 0 keeps. */
    static Membership member(Supplier<SupervisorAddress> rankZero, Connection.Request request, int rank, Terms terms) {
        Connection connection = open(rankZero, request, "rank 0", terms);
        Watcher watcher = Watcher.rankZero(connection.reply(), terms.peerTimeout());
        return new Membership(rank, PeerMonitor.over(connection, watcher, terms.ending()), null);
    }

    private static Connection open(
            Supplier<SupervisorAddress> where, Connection.Request request, String who, Terms terms) {
        return Connection.open(where, terms.secret(), request, who, terms.joinTimeout(), terms.notices());
    }

    /**
     * Keeps a group as its rank 0, and joins it.
     *
     * @param started is told the supervisor's address, before this process joins
     * @throws IOException when the supervisor cannot listen there
     */
    static Membership keeper(
            InetSocketAddress where,
            int size,
            Connection.Request request,
            Terms terms,
            Consumer<SupervisorAddress> started)
            throws IOException {
        Announcer announcer = new Announcer(terms.peerTimeout(), terms.notices());
        Supervisor supervisor = new Supervisor(where, size, terms.secret(), terms.peerTimeout(), announcer);
        announcer.supervisor = supervisor;
        try {
            started.accept(supervisor.address());
            Connection connection = open(supervisor::address, request, "rank 0", terms);
            Watcher watcher = Watcher.rankZero(HostName.own(), terms.peerTimeout());
            return new Membership(0, PeerMonitor.over(connection, watcher, terms.ending()), supervisor);
        } catch (RuntimeException | Error e) {
            supervisor.close();
            throw e;
        }
    }

    /** Tells the others what happens to one of them. */
    private static final class Announcer implements Supervisor.Events {
        private final Duration timeout;
        private final Consumer<String> notices;
        private volatile @Nullable Supervisor supervisor;

        Announcer(Duration timeout, Consumer<String> notices) {
            this.timeout = timeout;
            this.notices = notices;
        }

        private void announce(int rank, String line) {
            Supervisor group = supervisor;
            if (group != null) {
                group.announce(rank, line);
            }
        }

        private void announceCause(int rank, String host, String cause) {
            announce(rank, new FailureReport(rank, host, cause, List.of(), "").line());
        }

        @Override
        public void lost(int rank, String host) {
            announceCause(rank, host, FailureReport.VANISHED);
        }

        @Override
        public void silent(int rank, String host) {
            announceCause(rank, host, FailureReport.silent(timeout));
        }

        @Override
        public void failed(int rank, String host, String words) {
            announce(rank, FailureReport.inOwnWords(rank, host, words));
        }

        @Override
        public void notice(String line) {
            notices.accept(line);
        }
    }

    /**
     * Waits until all processes have joined.
     *
     * @return all of them, by rank
     * @throws LockstepException of kind WORKER that names who is missing
     */
    Map<Integer, PeerMonitor.Member> awaitRoster(int size, Duration patience) {
        try {
            return monitor.awaitRoster(patience);
        } catch (LockstepException e) {
            if (supervisor == null) {
                throw e;
            }
            List<Integer> missing = supervisor.missing();
            throw LockstepException.worker(
                    missing.size() + " of " + size + " processes did not come within " + patience.toSeconds() + " s",
                    "missing rank = "
                            + String.join(
                                    ", ", missing.stream().map(String::valueOf).toList()),
                    "see their logs, and check that they can reach this machine");
        }
    }

    @Override
    public void awaitVerdict() {
        monitor.awaitVerdict();
    }

    /** Rank 0 stays until the others know: the supervisor ends with it. */
    @Override
    public void failed(String words) {
        monitor.fail(words);
        if (supervisor != null) {
            supervisor.awaitEndings();
            supervisor.announce(rank, FailureReport.inOwnWords(rank, HostName.own(), words));
        }
    }

    @Override
    public void end() {
        monitor.close();
        if (supervisor != null) {
            supervisor.close();
        }
    }

    /** What a process tells when it joins and listens for nobody's data. */
    static Connection.Request withoutData(int rank, int size) {
        return channel -> Place.of(rank, size, Place.SAME, 0).request();
    }
}
