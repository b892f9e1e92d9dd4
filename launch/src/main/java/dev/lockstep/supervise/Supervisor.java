package dev.lockstep.supervise;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Brings the processes of a group together and watches them. Every process proves the group's secret, tells its
 * {@link Place} and keeps the connection. When all have come, each is told where the others are. From then on both ends send
 * heartbeats: the supervisor notices who vanishes and who falls silent, hears who fails, and tells everyone. It runs in the
 * launcher, or in rank 0 where another launcher is in charge.
 *
 * <p>Thread-safe. The events come on threads of the supervisor, at most one failure for a process.
 */
public final class Supervisor implements AutoCloseable {
    /** What happens to processes. */
    public interface Events {
        /** The connection of a process ended although it had not deregistered. */
        void lost(int rank, String host);

        /** A process that is connected has sent no heartbeat for the whole timeout. */
        void silent(int rank, String host);

        /** A process told {@link #GRACE} ago that it cannot continue. Whoever found the same fault has told by now, too. */
        void failed(int rank, String host, String words);

        /** A line that a person should see although nothing has failed: who is missing, who was refused. */
        default void notice(String line) {}
    }

    /** How long those who find the same fault have to say so themselves. */
    public static final Duration GRACE = Duration.ofSeconds(1);

    private static final Duration TICK = Duration.ofMillis(250);
    private static final Duration SHORT = Duration.ofMillis(10);
    private static final Duration OVERSLEPT = Duration.ofSeconds(2);
    /** When to say for the first time who is missing; later ones come after twice the time each. */
    private static final Duration FIRST_NOTICE = Duration.ofSeconds(10);

    private static final int NAMED = 8;

    private final int size;
    private final Duration timeout;
    private final Events events;
    private final Listener listener;
    private final SupervisorAddress address;
    private final Map<Integer, Member> members = new ConcurrentHashMap<>();
    private volatile boolean complete;
    /** Why the group cannot come together; null while it can. */
    private volatile @Nullable String impossible;

    private volatile boolean closed;

    /** A process that has joined. */
    private static final class Member {
        private final Place place;
        /** Where others reach its data; {@link Place#SAME} for where they reach this supervisor. */
        private final String dataHost;

        private final Peer peer;
        private volatile long lastBeat = System.nanoTime();
        private volatile boolean left;
        private volatile long failedAt;
        private volatile @Nullable String words;
        private volatile boolean reported;

        Member(Place place, Socket socket) throws IOException {
            this.place = place;
            InetAddress seen = socket.getInetAddress();
            boolean elsewhere = place.dataHost().equals(Place.SAME) && !seen.isLoopbackAddress();
            this.dataHost = elsewhere ? seen.getHostAddress() : place.dataHost();
            this.peer = new Peer(socket);
        }

        int rank() {
            return place.rank();
        }

        String host() {
            return place.host();
        }
    }

    /** Listens on a free port of the loopback address, for a group of this machine. */
    public static Supervisor onLoopback(int size, GroupSecret secret, Duration timeout, Events events) {
        try {
            InetSocketAddress where = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
            return new Supervisor(where, size, secret, timeout, events);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Starts to listen.
     *
     * @param where port 0 takes a free one
     * @param size P, which every process must have been told, too
     * @param timeout how long a process may be silent
     * @throws IOException when it cannot listen there
     */
    public Supervisor(InetSocketAddress where, int size, GroupSecret secret, Duration timeout, Events events)
            throws IOException {
        this.size = size;
        this.timeout = timeout;
        this.events = events;
        this.listener = new Listener(where, secret, new Joining(), events::notice);
        InetAddress bound = where.getAddress();
        InetAddress here = bound.isAnyLocalAddress() ? InetAddress.getLoopbackAddress() : bound;
        this.address = new SupervisorAddress(here.getHostAddress(), listener.port());
        Threads.start("lockstep-watch", this::watch);
    }

    /** Where processes of this machine reach it. */
    public SupervisorAddress address() {
        return address;
    }

    /** Whether a process deregistered: it ends in good order. */
    public boolean hasLeft(int rank) {
        Member member = members.get(rank);
        return member != null && member.left;
    }

    /** Whether a process has joined. */
    public boolean hasJoined(int rank) {
        return members.containsKey(rank);
    }

    /** What a process told of its own failure, if it did. */
    public Optional<String> words(int rank) {
        Member member = members.get(rank);
        return member == null ? Optional.empty() : Optional.ofNullable(member.words);
    }

    /** Waits a moment, at most {@link #GRACE}, until every process has deregistered or told of its own failure. */
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
                .filter(member -> member.rank() != culprit)
                .sorted(Comparator.comparingInt(Member::rank).reversed())
                .forEach(member -> member.peer.send(Peer.FAIL + " " + line));
    }

    /** What happens at the port. */
    private final class Joining implements Listener.User {
        @Override
        public Handshake.Answer answer(String request, Socket socket) {
            Optional<Place> asked = Place.parse(request);
            if (asked.isEmpty()) {
                return Handshake.Answer.no("this is the port of a group's supervisor");
            }
            Place place = asked.get();
            if (place.size() != size) {
                return wrongSize(place);
            }
            Member before = members.get(place.rank());
            return before == null
                    ? Handshake.Answer.yes(HostName.own())
                    : Handshake.Answer.no(taken(place, before.place));
        }

        @Override
        public void accepted(String request, SocketChannel channel) throws IOException {
            try (channel) {
                Member member = new Member(Place.parse(request).orElseThrow(), channel.socket());
                Member before = members.putIfAbsent(member.rank(), member);
                if (before != null) {
                    // Both were asked for at the same moment.
                    member.peer.send(Peer.FAIL + " " + taken(member.place, before.place));
                    return;
                }
                String line = impossible;
                if (line != null) {
                    member.peer.send(Peer.FAIL + " " + line);
                }
                completeWhenAllAreHere();
                listen(member);
            }
        }
    }

    private String taken(Place late, Place first) {
        String words = "rank " + late.rank() + " is taken by process " + first.pid() + " on " + first.host();
        events.notice("refused process " + late.pid() + " on " + late.host() + ": " + words);
        return words;
    }

    /** Before the group is complete neither that process nor the group can start; afterwards the group has no need of it. */
    private Handshake.Answer wrongSize(Place place) {
        String words = "WORLD_SIZE differs: rank " + place.rank() + " on " + place.host() + " has " + place.size()
                + ", the group has " + size;
        events.notice("refused process " + place.pid() + " on " + place.host() + ": " + words);
        if (!complete) {
            impossible = words + ", start all processes with the same number";
            announce(-1, impossible);
        }
        return Handshake.Answer.no(words);
    }

    private synchronized void completeWhenAllAreHere() {
        if (members.size() < size || complete) {
            return;
        }
        complete = true;
        List<String> lines = members.values().stream()
                .map(member -> Peer.MEMBER + " " + member.rank() + " " + member.dataHost + " " + member.place.dataPort()
                        + " " + member.host())
                .toList();
        for (Member member : members.values()) {
            lines.forEach(member.peer::send);
            member.peer.send(Peer.COMPLETE);
        }
    }

    private void listen(Member member) {
        for (String line = member.peer.read(); line != null; line = member.peer.read()) {
            member.lastBeat = System.nanoTime();
            if (line.equals(Peer.BYE)) {
                member.left = true;
            } else if (line.startsWith(Peer.FAIL + " ") && member.words == null) {
                member.failedAt = System.nanoTime();
                member.words = line.substring(Peer.FAIL.length() + 1);
            }
        }
        if (!member.left && member.words == null && !closed) {
            report(member, () -> events.lost(member.rank(), member.host()));
        }
    }

    private void watch() {
        long started = System.nanoTime();
        long before = started;
        long lastBeat = before;
        Duration nextNotice = FIRST_NOTICE;
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
            if (!complete && now - started > nextNotice.toNanos()) {
                nextNotice = nextNotice.multipliedBy(2);
                events.notice(waiting());
            }
        }
    }

    private String waiting() {
        List<Integer> missing = missing();
        String named = missing.stream().limit(NAMED).map(String::valueOf).collect(Collectors.joining(", "));
        return "waiting for " + missing.size() + " of " + size + " processes, missing rank = " + named
                + (missing.size() > NAMED ? ", …" : "");
    }

    /** The ranks that have not joined. */
    public List<Integer> missing() {
        return IntStream.range(0, size)
                .filter(rank -> !members.containsKey(rank))
                .boxed()
                .toList();
    }

    /** Whether the watch itself slept: the machine was suspended, or someone stopped this process too. */
    static boolean overslept(long nanos, Duration timeout) {
        return nanos > Math.min(OVERSLEPT.toNanos(), timeout.toNanos() / 2);
    }

    private void check(Member member, long now) {
        String words = member.words;
        if (words != null) {
            if (now - member.failedAt > GRACE.toNanos()) {
                report(member, () -> events.failed(member.rank(), member.host(), words));
            }
        } else if (!member.left && now - member.lastBeat > timeout.toNanos()) {
            report(member, () -> events.silent(member.rank(), member.host()));
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

    /** Tells the processes that the supervisor ends in good order: they continue unwatched. */
    @Override
    public void close() {
        closed = true;
        members.values().forEach(member -> {
            member.peer.send(Peer.BYE);
            member.peer.close();
        });
        listener.close();
    }
}
