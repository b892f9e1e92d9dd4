package dev.lockstep.supervise;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Watches the processes of a group: every process keeps a connection to it, over which both ends send heartbeats. It
 * notices who vanishes and who falls silent, hears who fails, and tells everyone. Runs in the launcher, or in rank 0 where another launcher is in charge.
 *
 * <p>Thread-safe. The events come on threads of the supervisor, at most one for a process.
 */
public final class Supervisor implements AutoCloseable {
    /** What happens to processes. */
    public interface Events {
        /** The connection of a process ended although it had not taken leave. */
        void lost(int rank, String host);

        /** A process that is connected has sent no heartbeat for the whole timeout. */
        void silent(int rank, String host);

        /** A process told {@link #GRACE} ago that it cannot go on. Whoever found the same fault has told by now, too. */
        void failed(int rank, String host, String words);
    }

    /** How long those who find the same fault have to say so themselves. */
    public static final Duration GRACE = Duration.ofSeconds(1);

    private static final Duration TICK = Duration.ofMillis(250);
    private static final Duration SHORT = Duration.ofMillis(10);
    private static final Duration OVERSLEPT = Duration.ofSeconds(2);

    private static final int BACKLOG = 512;
    private static final int HELLO_MILLIS = 10_000;

    private final Duration timeout;
    private final Events events;
    private final ServerSocket server;
    private final SupervisorAddress address;
    private final Map<Integer, Member> members = new ConcurrentHashMap<>();
    private volatile @Nullable String port;
    private volatile boolean closed;

    /** A process that has said hello. */
    private static final class Member {
        private final int rank;
        private final String host;
        private final Peer peer;
        private volatile long lastBeat = System.nanoTime();
        private volatile boolean left;
        private volatile long failedAt;
        private volatile @Nullable String words;
        private volatile boolean reported;

        Member(int rank, String host, Peer peer) {
            this.rank = rank;
            this.host = host;
            this.peer = peer;
        }
    }

    /**
     * Starts to listen on a free port.
     *
     * @param host the address to listen on, which is also the one that processes are told
     * @param timeout how long a process may be silent
     */
    public Supervisor(InetAddress host, Duration timeout, Events events) {
        this.timeout = timeout;
        this.events = events;
        try {
            this.server = new ServerSocket(0, BACKLOG, host);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String token = new BigInteger(128, new SecureRandom()).toString(16);
        this.address = new SupervisorAddress(host.getHostAddress(), server.getLocalPort(), token);
        Threads.start("lockstep-supervisor", this::accept);
        Threads.start("lockstep-watch", this::watch);
    }

    public SupervisorAddress address() {
        return address;
    }

    /** Whether a process said that it leaves in good order. */
    public boolean hasLeft(int rank) {
        Member member = members.get(rank);
        return member != null && member.left;
    }

    /** Whether a process has connected. */
    public boolean hasJoined(int rank) {
        return members.containsKey(rank);
    }

    /** What a process told of its own failure, if it did. */
    public Optional<String> words(int rank) {
        Member member = members.get(rank);
        return member == null ? Optional.empty() : Optional.ofNullable(member.words);
    }

    /** Waits a moment, at most {@link #GRACE}, until every process has taken leave or told of its own failure. */
    public void awaitEndings() {
        long deadline = System.nanoTime() + GRACE.toNanos();
        while (System.nanoTime() < deadline
                && !members.values().stream().allMatch(member -> member.left || member.words != null)) {
            Threads.pause(SHORT);
        }
    }

    /**
     * Tells every process but the culprit why the group ends. Rank 0 hears it last: where the supervisor lives in it, it
     * takes the supervisor with it.
     */
    public void announce(int culprit, String line) {
        members.values().stream()
                .filter(member -> member.rank != culprit)
                .sorted(Comparator.comparingInt((Member member) -> member.rank).reversed())
                .forEach(member -> member.peer.send(Peer.FAIL + " " + line));
    }

    private void accept() {
        while (!closed) {
            try {
                Socket socket = server.accept();
                Threads.start("lockstep-peer", () -> serve(socket));
            } catch (IOException e) {
                if (!closed) {
                    Threads.pause(TICK);
                }
            }
        }
    }

    private void serve(Socket socket) {
        try (Peer peer = new Peer(socket)) {
            socket.setSoTimeout(HELLO_MILLIS);
            Member member = welcome(peer);
            if (member != null) {
                socket.setSoTimeout(0);
                listen(member);
            }
        } catch (IOException e) {
            // A connection that fails before its hello belongs to nobody.
        }
    }

    /** The process behind a connection; null when it is not one of ours. */
    private @Nullable Member welcome(Peer peer) {
        String line = peer.read();
        String[] words = line == null ? new String[0] : line.split(" ", 4);
        if (words.length != 4 || !words[0].equals(Peer.HELLO) || !words[1].equals(address.token())) {
            return null;
        }
        Member member = new Member(Integer.parseInt(words[2]), words[3], peer);
        synchronized (members) {
            members.put(member.rank, member);
            if (port != null) {
                peer.send(Peer.PORT + " " + port);
            }
        }
        return member;
    }

    private void listen(Member member) {
        for (String line = member.peer.read(); line != null; line = member.peer.read()) {
            member.lastBeat = System.nanoTime();
            if (line.startsWith(Peer.PORT)) {
                relayPort(line);
            } else if (line.equals(Peer.BYE)) {
                member.left = true;
            } else if (line.startsWith(Peer.FAIL)) {
                member.failedAt = System.nanoTime();
                member.words = line.substring(Peer.FAIL.length() + 1);
            }
        }
        if (!member.left && member.words == null && !closed) {
            report(member, () -> events.lost(member.rank, member.host));
        }
    }

    private void relayPort(String line) {
        synchronized (members) {
            port = line.substring(Peer.PORT.length() + 1);
            members.values().forEach(member -> member.peer.send(line));
        }
    }

    private void watch() {
        long before = System.nanoTime();
        long lastBeat = before;
        while (!closed) {
            Threads.pause(TICK);
            long now = System.nanoTime();
            if (overslept(now - before, timeout)) {
                members.values().forEach(member -> member.lastBeat = now);
            }
            before = now;
            members.values().forEach(member -> check(member, now));
            if (now - lastBeat >= Peer.period(timeout).toNanos()) {
                lastBeat = now;
                members.values().forEach(member -> member.peer.send(Peer.BEAT));
            }
        }
    }

    /** Whether the watch itself slept: the machine was suspended, or someone stopped this process too. */
    static boolean overslept(long nanos, Duration timeout) {
        return nanos > Math.min(OVERSLEPT.toNanos(), timeout.toNanos() / 2);
    }

    private void check(Member member, long now) {
        String words = member.words;
        if (words != null) {
            if (now - member.failedAt > GRACE.toNanos()) {
                report(member, () -> events.failed(member.rank, member.host, words));
            }
        } else if (!member.left && now - member.lastBeat > timeout.toNanos()) {
            report(member, () -> events.silent(member.rank, member.host));
        }
    }

    private void report(Member member, Runnable event) {
        synchronized (member) {
            if (member.reported || closed) {
                return;
            }
            member.reported = true;
        }
        event.run();
    }

    /** Takes leave of the processes, which then go on unwatched. */
    @Override
    public void close() {
        closed = true;
        members.values().forEach(member -> {
            member.peer.send(Peer.BYE);
            member.peer.close();
        });
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
