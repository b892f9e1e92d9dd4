package dev.lockstep.supervise;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A process's connection to its {@link Supervisor}: joins the group, sends heartbeats, and ends the process when the
 * supervisor reports that another one failed or when the supervisor itself is gone or silent, so that no process is left
 * behind.
 */
public final class PeerMonitor implements AutoCloseable {
    /** How long a process that lost a connection waits for word of the culprit. */
    public static final Duration VERDICT = Duration.ofSeconds(5);

    /** Prints the message and halts with exit code 4, whatever other threads do. */
    public static final Ending HALT = ProcessEnd::halt;

    private final Ending ending;
    private final Watcher watcher;
    private final Peer peer;
    private final InetAddress supervisor;
    private final CompletableFuture<Map<Integer, Member>> roster = new CompletableFuture<>();
    private final CountDownLatch stopped = new CountDownLatch(1);
    private volatile boolean ended;
    private volatile long lastHeard = System.nanoTime();

    /**
     * In whose process the supervisor is.
     *
     * @param gone the message with which processes end when it vanishes
     * @param patience how long it may be silent; null when it need not be heard, as a launcher that someone stops with Ctrl-Z
     * @param silent the message with which processes end when it is silent for longer
     * @param period the time between two signs of life of this process
     */
    public record Watcher(
            String name, String gone, @Nullable Duration patience, String silent, Duration period) {
        /**
         * A launcher, which may be stopped for as long as someone likes.
         *
         * @param timeout how long this process may be silent
         */
        public static Watcher launcher(Duration timeout) {
            String name = "the launcher of this run";
            String gone = name + " is gone, a run does not go on unwatched, start it again";
            return new Watcher(name, gone, null, gone, Peer.period(timeout));
        }

        /** Rank 0 of a group that another launcher started. */
        public static Watcher rankZero(String host, Duration patience) {
            return new Watcher(
                    "rank 0 on " + host,
                    new FailureReport(0, host, FailureReport.VANISHED, List.of(), "").line(),
                    patience,
                    new FailureReport(0, host, FailureReport.silent(patience), List.of(), "").line(),
                    Peer.period(patience));
        }
    }

    /**
     * A process of the group.
     *
     * @param data where it listens for data
     * @param host the name of its machine
     */
    public record Member(InetSocketAddress data, String host) {}

    /** How a process ends for a reason that lies outside of it. */
    @FunctionalInterface
    public interface Ending {
        /** Ends the process; the message has no {@code error:} in front. */
        void end(String message);
    }

    private PeerMonitor(Connection connection, Watcher watcher, Ending ending) throws IOException {
        this.peer = new Peer(connection.socket());
        this.supervisor = connection.socket().getInetAddress();
        this.watcher = watcher;
        this.ending = ending;
        Threads.start("lockstep-heartbeat", this::beat);
        Threads.start("lockstep-monitor", this::listen);
    }

    /**
     * Watches over a connection that has joined a group.
     *
     * @throws LockstepException of kind WORKER when it is closed already
     */
    public static PeerMonitor over(Connection connection, Watcher watcher, Ending ending) {
        try {
            return new PeerMonitor(connection, watcher, ending);
        } catch (IOException e) {
            throw LockstepException.worker(
                    watcher.name() + " closed the connection", String.valueOf(e.getMessage()), "see its log");
        }
    }

    /**
     * Waits until all processes of the group have joined.
     *
     * @return all of them, by rank
     * @throws LockstepException of kind WORKER when some do not come in time
     */
    public Map<Integer, Member> awaitRoster(Duration patience) {
        try {
            return roster.get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw LockstepException.worker(
                    "some processes did not come within " + patience.toSeconds() + " s",
                    "supervisor = " + watcher.name(),
                    "see its messages for the missing ranks");
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException("interrupted while the group came together", e);
        }
    }

    /** Waits a moment for the report that ends this process; returns when none comes. */
    public void awaitVerdict() {
        try {
            if (stopped.await(VERDICT.toMillis(), TimeUnit.MILLISECONDS) && ended) {
                // The report is being printed, and then this process ends.
                Threads.pause(VERDICT);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
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
                    end(watcher.silent());
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
                roster.complete(Map.copyOf(members));
            } else if (line.startsWith(Peer.FAIL + " ")) {
                end(line.substring(Peer.FAIL.length() + 1));
                return;
            } else if (line.equals(Peer.BYE)) {
                stopped.countDown();
                return;
            }
        }
        end(watcher.gone());
    }

    private void note(String[] words, Map<Integer, Member> members) {
        try {
            InetAddress host = words[2].equals(Place.SAME) ? supervisor : InetAddress.getByName(words[2]);
            InetSocketAddress data = new InetSocketAddress(host, Integer.parseInt(words[3]));
            members.put(Integer.parseInt(words[1]), new Member(data, words[4]));
        } catch (UnknownHostException | IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
            end("the supervisor told a member that cannot be reached: " + String.join(" ", words));
        }
    }

    private void end(String message) {
        if (stopped.getCount() > 0) {
            ended = true;
            stopped.countDown();
            ending.end(message);
        }
    }

    /**
     * Tells that this process cannot go on, and why, for the others to hear. It ends by itself: from now on no report of
     * another process ends it, since that one may have found the same fault.
     *
     * @param words the failure in one line
     */
    public void fail(String words) {
        stopped.countDown();
        peer.send(Peer.FAIL + " " + words);
    }

    /** Deregisters: from now on this process may end without being reported. */
    @Override
    public void close() {
        stopped.countDown();
        peer.send(Peer.BYE);
        peer.close();
    }
}
