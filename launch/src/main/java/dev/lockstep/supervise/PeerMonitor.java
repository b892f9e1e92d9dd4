package dev.lockstep.supervise;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A process's connection to its {@link Supervisor}: joins the group, sends heartbeats, and applies the failure policy when
 * the supervisor reports that another process failed or when the supervisor itself is lost or silent, so that no process
 * waits forever.
 */
public final class PeerMonitor implements AutoCloseable {
    /** How long a process that lost a connection waits to learn the culprit. */
    public static final Duration VERDICT = Duration.ofSeconds(5);

    private final FailurePolicy policy;
    private final Watcher watcher;
    private final Runnable stop;
    private final @Nullable Succession succession;
    private final Peer peer;
    private final InetAddress supervisor;
    private final CompletableFuture<Map<Integer, Member>> roster = new CompletableFuture<>();
    private final CountDownLatch stopped = new CountDownLatch(1);
    /** Whether the outcome of the membership is decided. */
    private final AtomicBoolean settled = new AtomicBoolean();

    private final CompletableFuture<Optional<GroupFailure>> outcome = new CompletableFuture<>();
    private volatile @Nullable GroupFailure verdict;
    private volatile @Nullable NextGroup next;
    private volatile boolean changeDue;
    private volatile long lastHeard = System.nanoTime();

    /**
     * The process that runs the supervisor.
     *
     * @param gone the failure when it vanishes
     * @param patience how long it may be silent; null for no limit, as for a launcher that may be stopped with Ctrl-Z
     * @param silent the failure when it is silent for longer
     * @param period the time between two signs of life of this process
     */
    public record Watcher(
            String name, GroupFailure gone, @Nullable Duration patience, GroupFailure silent, Duration period) {
        /**
         * A launcher, which may be stopped for any length of time.
         *
         * @param timeout how long this process may be silent
         */
        public static Watcher launcher(Duration timeout) {
            String name = "the launcher of this run";
            GroupFailure gone = new GroupFailure(
                    GroupFailure.NO_RANK,
                    HostName.own(),
                    name + " is gone, a run does not continue unsupervised, start it again");
            return new Watcher(name, gone, null, gone, Peer.period(timeout));
        }

        /** Rank 0 of a group that another launcher started. */
        public static Watcher rankZero(String host, Duration patience) {
            return new Watcher(
                    "rank 0 on " + host,
                    GroupFailure.of(0, host, GroupFailure.VANISHED),
                    patience,
                    GroupFailure.of(0, host, GroupFailure.silent(patience)),
                    Peer.period(patience));
        }

        /** The keeper of an elastic group that no launcher keeps. */
        public static Watcher keeper(String host, Duration patience) {
            String name = "the keeper of the group on " + host;
            return new Watcher(
                    name,
                    new GroupFailure(GroupFailure.NO_RANK, host, name + " is gone"),
                    patience,
                    new GroupFailure(GroupFailure.NO_RANK, host, name + " " + GroupFailure.silent(patience)),
                    Peer.period(patience));
        }

        /** A supervisor in a user's process, such as a Spark driver. */
        public static Watcher supervisor(String host, Duration patience) {
            String name = "the supervisor of this group on " + host;
            String fix = ", a group does not continue unsupervised, start all its processes again";
            return new Watcher(
                    name,
                    new GroupFailure(GroupFailure.NO_RANK, host, name + " is gone" + fix),
                    patience,
                    new GroupFailure(GroupFailure.NO_RANK, host, name + " " + GroupFailure.silent(patience) + fix),
                    Peer.period(patience));
        }
    }

    /**
     * A process of the group.
     *
     * @param data the address at which it listens for data
     * @param host the name of its machine
     * @param number its own, in an elastic group
     * @param standbyPort where it listens when the keeper of an elastic group is lost
     */
    public record Member(InetSocketAddress data, String host, int number, int standbyPort) {}

    private PeerMonitor(
            Connection connection,
            int rank,
            Watcher watcher,
            FailurePolicy policy,
            Runnable stop,
            @Nullable Succession succession)
            throws IOException {
        this.succession = succession;
        this.stop = stop;
        this.peer = new Peer(connection.socket());
        this.supervisor = connection.socket().getInetAddress();
        this.watcher = watcher;
        this.policy = policy;
        String name = "-" + rank + "@" + supervisor.getHostAddress() + ":"
                + connection.socket().getPort();
        Threads.start("lockstep-heartbeat" + name, this::beat);
        Threads.start("lockstep-monitor" + name, this::listen);
    }

    /**
     * Monitors a connection that has joined a group.
     *
     * @param rank of this process, for the names of threads
     * @param stop called when the keeper of an elastic group asks all processes to save and stop
     * @param succession for an elastic group without a launcher: what follows when the keeper is lost
     * @throws LockstepException of kind WORKER when it is closed already
     */
    public static PeerMonitor over(
            Connection connection,
            int rank,
            Watcher watcher,
            FailurePolicy policy,
            Runnable stop,
            @Nullable Succession succession) {
        try {
            return new PeerMonitor(connection, rank, watcher, policy, stop, succession);
        } catch (IOException e) {
            connection.close();
            throw LockstepException.worker(
                    watcher.name() + " closed the connection", String.valueOf(e.getMessage()), "see its log");
        }
    }

    /**
     * Waits until all processes of the group have joined.
     *
     * @return all of them, by rank; empty when some do not join in time
     * @throws LockstepException of kind WORKER when the group fails meanwhile, or when this thread is interrupted
     */
    public Optional<Map<Integer, Member>> awaitRoster(Duration patience) {
        try {
            return Optional.of(roster.get(patience.toMillis(), TimeUnit.MILLISECONDS));
        } catch (TimeoutException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            throw Connection.interrupted(watcher.name());
        } catch (ExecutionException e) {
            throw e.getCause() instanceof LockstepException failure ? failure : new IllegalStateException(e);
        }
    }

    /**
     * The outcome of this membership: the failure that ended the group, once the policy has returned, or empty
     * when this process deregistered, reported its own failure, or is no longer monitored.
     */
    public CompletableFuture<Optional<GroupFailure>> outcome() {
        return outcome;
    }

    /** Waits a moment for a report of the culprit; empty if none arrives. */
    public Optional<GroupFailure> awaitVerdict() {
        Optional<GroupFailure> reported = outcomeWithin(VERDICT);
        // The report has arrived and the policy is still running: usually it prints the failure and then ends the
        // process.
        return reported.isEmpty() && verdict != null
                ? outcomeWithin(VERDICT).or(() -> Optional.ofNullable(verdict))
                : reported;
    }

    private Optional<GroupFailure> outcomeWithin(Duration time) {
        try {
            return outcome.get(time.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        } catch (ExecutionException e) {
            throw new IllegalStateException("never completed exceptionally", e);
        }
    }

    private void beat() {
        try {
            long before = System.nanoTime();
            while (!stopped.await(watcher.period().toMillis(), TimeUnit.MILLISECONDS)) {
                peer.send(Peer.BEAT);
                long now = System.nanoTime();
                Duration patience = watcher.patience();
                if (patience != null && Supervisor.overslept(now - before, patience)) {
                    lastHeard = now;
                }
                before = now;
                if (patience != null && now - lastHeard > patience.toNanos()) {
                    lost(watcher.silent());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void listen() {
        Map<Integer, Member> members = new HashMap<>();
        for (String line = peer.read(); line != null; line = peer.read()) {
            lastHeard = System.nanoTime();
            if (line.startsWith(Peer.MEMBER + " ")) {
                note(line.split(" "), members);
            } else if (line.equals(Peer.COMPLETE)) {
                roster.complete(Collections.unmodifiableMap(new TreeMap<>(members)));
            } else if (line.startsWith(Peer.FAIL + " ")) {
                end(GroupFailure.parse(line.substring(Peer.FAIL.length() + 1)));
                return;
            } else if (line.startsWith(Peer.RELEASED + " ")) {
                complete(GroupFailure.parse(line.substring(Peer.RELEASED.length() + 1)), null);
                return;
            } else if (line.startsWith(Peer.NEXT + " ")) {
                moveOn(line.substring(Peer.NEXT.length() + 1));
                return;
            } else if (line.equals(Peer.CHANGE)) {
                changeDue = true;
            } else if (line.equals(Peer.STOP)) {
                stop.run();
            } else if (line.equals(Peer.BYE)) {
                settle();
                return;
            }
        }
        lost(watcher.gone());
    }

    /** The supervisor is lost: the group fails, unless it has heirs. */
    private void lost(GroupFailure failure) {
        Succession heirs = succession;
        if (heirs == null) {
            end(failure);
        } else if (settled.compareAndSet(false, true)) {
            stopped.countDown();
            peer.close();
            Succession.Outcome found = heirs.seek(failure);
            verdict = found.reason();
            next = found.next();
            try {
                if (next == null) {
                    policy.onFailure(found.reason());
                }
            } finally {
                roster.completeExceptionally(found.reason().asException());
                outcome.complete(Optional.of(found.reason()));
            }
        }
    }

    /** The group ends, and this process has a place in the next one: no failure for the policy. */
    private void moveOn(String line) {
        Optional<NextGroup.Parsed> parsed = NextGroup.parse(line);
        if (parsed.isEmpty()) {
            end(GroupFailure.parse(line));
        } else {
            NextGroup.Parsed known = parsed.get().at(supervisor);
            complete(known.reason(), known.next());
        }
    }

    /**
     * The group ends, and that is no failure for this process. If it has a place in the next one, it gives signs of life
     * until it goes there ({@link #abandon}): it may still be busy with something else.
     */
    private void complete(GroupFailure reason, @Nullable NextGroup place) {
        if (settled.compareAndSet(false, true)) {
            next = place;
            verdict = reason;
            if (place == null) {
                stopped.countDown();
                peer.close();
            }
            roster.completeExceptionally(reason.asException());
            outcome.complete(Optional.of(reason));
        }
    }

    /** After the outcome: this process's place in the group that follows; empty when there is none. */
    public Optional<NextGroup> next() {
        return Optional.ofNullable(next);
    }

    /** Whether this group is to change, or has ended: what follows the step under way is not for this group. */
    public boolean isChangeDue() {
        return changeDue || settled.get();
    }

    /** Tells the keeper of an elastic group that this process stands between two steps, and waits for {@link #outcome}. */
    public void ready() {
        peer.send(Peer.READY);
    }

    /** Asks the keeper of an elastic group for leave. */
    public void leave() {
        peer.send(Peer.LEAVE);
    }

    private void note(String[] words, Map<Integer, Member> members) {
        try {
            InetAddress host = words[2].equals(Place.SAME) ? supervisor : InetAddress.getByName(words[2]);
            InetSocketAddress data = new InetSocketAddress(host, Integer.parseInt(words[3]));
            members.put(
                    Integer.parseInt(words[1]),
                    new Member(data, words[4], Integer.parseInt(words[5]), Integer.parseInt(words[6])));
        } catch (UnknownHostException | IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
            end(new GroupFailure(
                    GroupFailure.NO_RANK,
                    watcher.gone().host(),
                    "the supervisor sent an unreachable member:  " + String.join(" ", words)));
        }
    }

    /** The group has failed. */
    private void end(GroupFailure failure) {
        if (settled.compareAndSet(false, true)) {
            verdict = failure;
            stopped.countDown();
            try {
                policy.onFailure(failure);
            } finally {
                peer.close();
                roster.completeExceptionally(failure.asException());
                outcome.complete(Optional.of(failure));
            }
        }
    }

    /** From now on, ignores failures of other processes; false if one was already reported. */
    private boolean settle() {
        boolean first = settled.compareAndSet(false, true);
        if (first) {
            stopped.countDown();
            outcome.complete(Optional.empty());
        }
        return first;
    }

    /**
     * Reports to the others that this process cannot continue, and why. From now on the policy is not called for
     * failures of other processes, which may have found the same fault. Does nothing if the group has failed already.
     *
     * @param words the failure in one line
     */
    public void fail(String words) {
        if (settle() || verdict == null) {
            peer.send(Peer.FAIL + " " + words);
        }
    }

    /** Deregisters: from now on this process may end without being reported. */
    @Override
    public void close() {
        settle();
        stopped.countDown();
        peer.send(Peer.BYE);
        peer.close();
    }

    /**
     * Closes the connection without deregistering: unless this process has reported a failure, the supervisor reports
     * it as lost.
     */
    public void abandon() {
        settle();
        stopped.countDown();
        peer.close();
    }
}
