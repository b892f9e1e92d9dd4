package dev.lockstep.supervise;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A process's line to its {@link Supervisor}: sends heartbeats, and ends the process when the supervisor reports that
 * another one failed or when the supervisor itself is gone or silent, so that no process is left behind.
 */
public final class PeerMonitor implements AutoCloseable {
    /** How long a process that lost a connection waits for word of the culprit. */
    public static final Duration VERDICT = Duration.ofSeconds(5);

    private static final int CONNECT_MILLIS = 10_000;

    private final Ending ending;
    private final Watcher watcher;
    private final Peer peer;
    private final CompletableFuture<Integer> port = new CompletableFuture<>();
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

    /** How a process ends for a reason that lies outside of it. */
    public interface Ending {
        /** Ends the process; the message has no {@code error:} in front. */
        void end(String message);
    }

    private PeerMonitor(Peer peer, Watcher watcher, Ending ending) {
        this.peer = peer;
        this.watcher = watcher;
        this.ending = ending;
    }

    /** Connects; the process ends with exit code 4 when another one fails. */
    public static PeerMonitor connect(SupervisorAddress address, int rank, Watcher watcher) {
        return connect(address, rank, watcher, ProcessEnd::halt);
    }

    /**
     * Connects.
     *
     * @throws LockstepException of kind WORKER when the supervisor cannot be reached
     */
    public static PeerMonitor connect(SupervisorAddress address, int rank, Watcher watcher, Ending ending) {
        try {
            Socket socket = new Socket();
            socket.connect(new InetSocketAddress(address.host(), address.port()), CONNECT_MILLIS);
            Peer peer = new Peer(socket);
            peer.send(Peer.HELLO + " " + address.token() + " " + rank + " " + HostName.own());
            PeerMonitor monitor = new PeerMonitor(peer, watcher, ending);
            Threads.start("lockstep-heartbeat", monitor::beat);
            Threads.start("lockstep-monitor", monitor::listen);
            return monitor;
        } catch (IOException e) {
            throw LockstepException.worker(
                    "rank " + rank + " cannot reach its supervisor: " + e.getMessage(),
                    "address = " + address.host() + ":" + address.port(),
                    "see whether " + watcher.name() + " is still there");
        }
    }

    /** Tells all processes the port on which rank 0 listens. */
    public void publishPort(int number) {
        peer.send(Peer.PORT + " " + number);
    }

    /** The port on which rank 0 listens, once it is published. */
    public int awaitPort(Duration timeout) {
        try {
            return port.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw LockstepException.worker(
                    "rank 0 did not come within " + timeout.toSeconds() + " s", "missing rank = 0", "see its log");
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException("interrupted while rank 0 started", e);
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
        for (String line = peer.read(); line != null; line = peer.read()) {
            lastHeard = System.nanoTime();
            if (line.startsWith(Peer.PORT)) {
                port.complete(Integer.parseInt(line.substring(Peer.PORT.length() + 1)));
            } else if (line.startsWith(Peer.FAIL)) {
                end(line.substring(Peer.FAIL.length() + 1));
                return;
            } else if (line.equals(Peer.BYE)) {
                stopped.countDown();
                return;
            }
        }
        end(watcher.gone());
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

    /** Takes leave in good order: from now on this process may end without being reported. */
    @Override
    public void close() {
        stopped.countDown();
        peer.send(Peer.BYE);
        peer.close();
    }
}
