package dev.lockstep.supervise;

import dev.lockstep.errors.LockstepException;
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
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Brings the processes of a group together and watches them. Every process proves the group's secret, sends its
 * {@link Place} and keeps the connection open. When all have joined, each receives the addresses of the others. From
 * then on both ends send heartbeats: the supervisor notices processes that vanish or fall silent, receives failures,
 * and notifies all processes. It runs in the launcher, in rank 0 where another launcher is in charge, or in a process
 * of the caller ({@link #start}), such as a Spark driver. Several may run in one JVM.
 *
 * <p>Thread-safe. Events arrive on threads of the supervisor. Once the group has failed, no more failures are reported: the
 * processes that end afterward are victims.
 */
public final class Supervisor implements AutoCloseable {
    /** How long other processes that find the same fault have to report it themselves. */
    public static final Duration GRACE = Duration.ofSeconds(1);

    private static final Duration TICK = Duration.ofMillis(250);
    private static final Duration SHORT = Duration.ofMillis(10);
    private static final Duration OVERSLEPT = Duration.ofSeconds(2);
    /** When to report missing processes for the first time; each later report comes after twice the time. */
    private static final Duration FIRST_NOTICE = Duration.ofSeconds(10);

    private static final int NAMED = 8;

    private final int size;
    private final Duration timeout;
    private final Consumer<MemberEvent> events;
    private final Consumer<String> notices;
    /** Null if the receiver of the events decides what is announced, and when. */
    private final @Nullable FailurePolicy policy;

    private final Listener listener;
    private final SupervisorAddress address;
    private final Map<Integer, Member> members = new ConcurrentHashMap<>();
    private volatile boolean complete;
    private final AtomicReference<@Nullable GroupFailure> failure = new AtomicReference<>();
    /** By rank, the places of those that continue after the failure. */
    private volatile Map<Integer, NextGroup> successors = Map.of();
    /** The ranks of those that have left. */
    private volatile Set<Integer> released = Set.of();

    /** Lines for all members, also those that join later. */
    private final Set<String> told = ConcurrentHashMap.newKeySet();

    private final boolean lobby;
    private volatile boolean closed;

    /** A process that has joined. */
    private static final class Member {
        private final Place place;
        /** The host at which others reach its data port; {@link Place#SAME} for the host of this supervisor. */
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

    /**
     * Starts a supervisor on a free port of the loopback address, for a launcher of this machine: it receives the
     * events, and learns more about how its processes ended before it announces a failure.
     */
    public static Supervisor onLoopback(
            int size, GroupSecret secret, Duration timeout, Consumer<MemberEvent> events, Consumer<String> notices) {
        try {
            InetSocketAddress where = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
            return new Supervisor(where, size, secret, timeout, events, notices, null);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Starts a supervisor that itself reports a failure to every process. Members reach it by {@link #address}, or by
     * another name of this machine and that port; they need the same secret.
     *
     * @param where a host name or address that all machines of the group can reach; port 0 chooses a free one
     * @param size P, the number of processes, the same in each of them
     * @param timeout how long a process may be silent
     * @param events receives what happens to processes
     * @param notices receives lines that a person should see although nothing has failed: missing or refused processes
     * @param policy called once when the group fails, after its processes have been notified
     * @throws LockstepException of kind RECIPE when it cannot listen there
     */
    public static Supervisor start(
            InetSocketAddress where,
            int size,
            GroupSecret secret,
            Duration timeout,
            Consumer<MemberEvent> events,
            Consumer<String> notices,
            FailurePolicy policy) {
        try {
            Supervisor supervisor = new Supervisor(where, size, secret, timeout, events, notices, policy);
            if (!secret.isKnown() && !where.getAddress().isLoopbackAddress()) {
                notices.accept(withoutSecret(supervisor.address.port()));
            }
            return supervisor;
        } catch (IOException e) {
            throw LockstepException.recipe(
                    "the supervisor cannot listen: " + e.getMessage(), "address = " + where, "give a free port");
        }
    }

    /**
     * Starts a supervisor of processes that wait for a place in an elastic group: its group is never complete, and each
     * of them is sent on by itself.
     *
     * @param size of the first group; later, processes of any WORLD_SIZE may join
     * @throws IOException when it cannot listen there
     */
    public static Supervisor lobby(
            InetSocketAddress where,
            int size,
            GroupSecret secret,
            Duration timeout,
            Consumer<MemberEvent> events,
            Consumer<String> notices)
            throws IOException {
        return new Supervisor(where, size, secret, timeout, events, notices, null, true);
    }

    /** As {@link #lobby(InetSocketAddress, int, GroupSecret, Duration, Consumer, Consumer)}, for a launcher. */
    public static Supervisor lobbyOnLoopback(GroupSecret secret, Duration timeout, Consumer<MemberEvent> events) {
        try {
            Supervisor started = lobby(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1, secret, timeout, events, line -> {});
            started.admitAnySize();
            return started;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The warning for a group without a secret that other machines can reach. */
    public static String withoutSecret(int port) {
        return "this group has no secret: whoever can connect to this machine's port " + port
                + " can join it, end it and change its weights; set " + GroupSecret.VARIABLE
                + " to a file with the same random text on every machine, or keep others out of the network";
    }

    /**
     * Starts to listen.
     *
     * @param where port 0 chooses a free one
     * @param size P, the same in every process
     * @param timeout how long a process may be silent
     * @param policy null when the receiver of the events calls {@link #announce}
     * @throws IOException when it cannot listen there
     */
    public Supervisor(
            InetSocketAddress where,
            int size,
            GroupSecret secret,
            Duration timeout,
            Consumer<MemberEvent> events,
            Consumer<String> notices,
            @Nullable FailurePolicy policy)
            throws IOException {
        this(where, size, secret, timeout, events, notices, policy, false);
    }

    private Supervisor(
            InetSocketAddress where,
            int size,
            GroupSecret secret,
            Duration timeout,
            Consumer<MemberEvent> events,
            Consumer<String> notices,
            @Nullable FailurePolicy policy,
            boolean lobby)
            throws IOException {
        this.lobby = lobby;
        if (size < 1 || size > Place.MOST || where.isUnresolved()) {
            throw new IllegalArgumentException("size = " + size + ", address = " + where + ": out of range");
        }
        this.size = size;
        this.timeout = timeout;
        this.events = events;
        this.notices = notices;
        this.policy = policy;
        this.listener = new Listener(where, secret, new Joining(), notices);
        InetAddress bound = where.getAddress();
        InetAddress here = bound.isAnyLocalAddress() ? InetAddress.getLoopbackAddress() : bound;
        this.address = new SupervisorAddress(here.getHostAddress(), listener.port());
        Threads.start("lockstep-watch@" + address, this::watch);
    }

    /** The address at which processes of this machine reach it. */
    public SupervisorAddress address() {
        return address;
    }

    /** Whether a process deregistered, which then ends normally. */
    public boolean hasLeft(int rank) {
        Member member = members.get(rank);
        return member != null && member.left;
    }

    /** Whether a process has joined. */
    public boolean hasJoined(int rank) {
        return members.containsKey(rank);
    }

    /** The message with which a process reported its own failure, if it did. */
    public Optional<String> words(int rank) {
        Member member = members.get(rank);
        return member == null ? Optional.empty() : Optional.ofNullable(member.words);
    }

    /** Waits a moment, at most {@link #GRACE}, until every process has deregistered or reported its own failure. */
    public void awaitEndings() {
        long deadline = System.nanoTime() + GRACE.toNanos();
        while (System.nanoTime() < deadline
                && !members.values().stream().allMatch(member -> member.left || member.words != null)) {
            Threads.pause(SHORT);
        }
    }

    /**
     * Reports to every process but the culprit, and to those that join later, why the group ends. Rank 0 is notified
     * last: if the supervisor runs in it, it ends the supervisor. Only the first failure counts.
     */
    public void announce(GroupFailure reported) {
        if (failure.compareAndSet(null, reported)) {
            members.values().stream()
                    .filter(member -> member.rank() != reported.rank())
                    .sorted(Comparator.comparingInt(Member::rank).reversed())
                    .forEach(member -> member.peer.send(Peer.FAIL + " " + reported.line()));
        }
    }

    /**
     * Ends this group and sends each of its processes to the one that follows, also those that join later. A process
     * without a place there is told that the group has failed. Does nothing after a failure was announced.
     *
     * @param reason why the group ends: the process that was lost, or that joins
     * @param places in the next group, by rank in this one
     */
    public void succeed(GroupFailure reason, Map<Integer, NextGroup> places) {
        succeed(reason, places, Set.of());
    }

    /** @param leaving the ranks of processes that have asked for leave, which is no failure */
    synchronized void succeed(GroupFailure reason, Map<Integer, NextGroup> places, Set<Integer> leaving) {
        if (failure.get() == null) {
            released = Set.copyOf(leaving);
            successors = Map.copyOf(places);
            if (failure.compareAndSet(null, reason)) {
                members.values().forEach(member -> member.peer.send(ending(member, reason)));
            }
        }
    }

    /** The first group has begun: in a lobby, processes of any WORLD_SIZE may report from now on. */
    void admitAnySize() {
        complete = true;
    }

    /** Sends a process of a lobby to its group. */
    void sendOn(int rank, NextGroup place, GroupFailure reason) {
        admitAnySize();
        release(rank, member -> Peer.NEXT + " " + place.line(reason));
    }

    /** Refuses a process that waits in a lobby. */
    void refuse(int rank, String words) {
        release(rank, member -> Peer.FAIL + " " + new GroupFailure(rank, member.host(), words).line());
    }

    /** From now on, nothing that happens to this process is of interest. */
    private void release(int rank, Function<Member, String> lastLine) {
        Member member = members.remove(rank);
        if (member != null) {
            synchronized (member) {
                member.reported = true;
            }
            member.peer.send(lastLine.apply(member));
        }
    }

    /** Sends a line to all processes, also to those that join later. */
    void tell(String line) {
        told.add(line);
        members.values().forEach(member -> member.peer.send(line));
    }

    private String ending(Member member, GroupFailure reason) {
        NextGroup next = successors.get(member.rank());
        if (next == null && released.contains(member.rank())) {
            return Peer.RELEASED + " " + reason.line();
        }
        return next == null ? Peer.FAIL + " " + reason.line() : Peer.NEXT + " " + next.line(reason);
    }

    /** Announces a failure and applies the policy, unless the receiver of the events does both. */
    private void fail(GroupFailure reported) {
        if (policy != null) {
            announce(reported);
            if (failure.get() == reported) {
                policy.onFailure(reported);
            }
        }
    }

    /** Handles the connections at the port. */
    private final class Joining implements Listener.User {
        @Override
        public Handshake.Answer answer(String request, Socket socket) {
            Optional<Place> asked = Place.parse(request);
            if (asked.isEmpty()) {
                return Handshake.Answer.no("this is the port of a group's supervisor");
            }
            Place place = asked.get();
            if (place.size() != size && !(lobby && complete)) {
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
                    // Both requests arrived at the same moment.
                    String words = taken(member.place, before.place);
                    member.peer.send(Peer.FAIL + " " + new GroupFailure(member.rank(), member.host(), words).line());
                    return;
                }
                GroupFailure failed = failure.get();
                if (closed) {
                    return;
                }
                if (failed != null) {
                    member.peer.send(ending(member, failed));
                }
                told.forEach(member.peer::send);
                happened(MemberEvent.What.JOINED, member, "");
                if (completeWhenAllAreHere()) {
                    events.accept(new MemberEvent(
                            MemberEvent.What.COMPLETE,
                            GroupFailure.NO_RANK,
                            HostName.own(),
                            "all " + size + " processes have joined"));
                }
                listen(member);
            }
        }
    }

    private String taken(Place late, Place first) {
        String words = "rank " + late.rank() + " is taken by process " + first.pid() + " on " + first.host();
        notices.accept("refused process " + late.pid() + " on " + late.host() + ": " + words);
        return words;
    }

    /**
     * Before the group is complete, neither that process nor the group can start; afterward, the group does not need it.
     */
    private Handshake.Answer wrongSize(Place place) {
        String words = "WORLD_SIZE differs: rank " + place.rank() + " on " + place.host() + " has " + place.size()
                + ", the group has " + size;
        notices.accept("refused process " + place.pid() + " on " + place.host() + ": " + words);
        if (!complete) {
            GroupFailure impossible = new GroupFailure(
                    GroupFailure.NO_RANK, place.host(), words + ", start all processes with the same number");
            announce(impossible);
            fail(impossible);
        }
        return Handshake.Answer.no(words);
    }

    /** Whether this was the last process to join. */
    private synchronized boolean completeWhenAllAreHere() {
        if (lobby || members.size() < size || complete) {
            return false;
        }
        complete = true;
        List<String> lines = members.values().stream()
                .map(member -> Peer.MEMBER + " " + member.rank() + " " + member.dataHost + " " + member.place.dataPort()
                        + " " + member.host() + " " + member.place.number() + " " + member.place.standbyPort())
                .toList();
        for (Member member : members.values()) {
            lines.forEach(member.peer::send);
            member.peer.send(Peer.COMPLETE);
        }
        return true;
    }

    private void listen(Member member) {
        for (String line = member.peer.read(); line != null; line = member.peer.read()) {
            member.lastBeat = System.nanoTime();
            if (line.equals(Peer.BYE) && !member.left) {
                member.left = true;
                happened(MemberEvent.What.LEFT, member, "");
            } else if (line.equals(Peer.LEAVE)) {
                happened(MemberEvent.What.LEAVING, member, "");
            } else if (line.equals(Peer.READY)) {
                happened(MemberEvent.What.READY, member, "");
            } else if (line.startsWith(Peer.FAIL + " ") && member.words == null) {
                member.failedAt = System.nanoTime();
                member.words = line.substring(Peer.FAIL.length() + 1);
            }
        }
        if (!member.left && member.words == null) {
            report(MemberEvent.What.LOST, member, GroupFailure.VANISHED);
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
                notices.accept(waiting());
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

    /** Whether the watch itself slept: the machine was suspended, or this process was stopped too. */
    static boolean overslept(long nanos, Duration timeout) {
        return nanos > Math.min(OVERSLEPT.toNanos(), timeout.toNanos() / 2);
    }

    private void check(Member member, long now) {
        String words = member.words;
        if (words != null) {
            if (now - member.failedAt > GRACE.toNanos()) {
                report(MemberEvent.What.FAILED, member, words);
            }
        } else if (!member.left && now - member.lastBeat > timeout.toNanos()) {
            report(MemberEvent.What.SILENT, member, GroupFailure.silent(timeout));
        }
    }

    private void report(MemberEvent.What what, Member member, String detail) {
        synchronized (member) {
            boolean over = failure.get() != null;
            if (member.reported || closed || over && !successors.containsKey(member.rank())) {
                return;
            }
            member.reported = true;
            if (over) {
                // On its way to the next group.
                happened(what, member, detail);
                return;
            }
        }
        try {
            happened(what, member, detail);
        } finally {
            fail(
                    what,
                    member,
                    what == MemberEvent.What.FAILED
                            ? GroupFailure.inOwnWords(member.rank(), member.host(), detail)
                            : GroupFailure.of(member.rank(), member.host(), detail));
        }
    }

    private void fail(MemberEvent.What what, Member member, GroupFailure reported) {
        if (what == MemberEvent.What.SILENT && policy != null) {
            // If it wakes up, it learns why the others are gone.
            member.peer.send(Peer.FAIL + " " + reported.line());
        }
        fail(reported);
    }

    private void happened(MemberEvent.What what, Member member, String detail) {
        events.accept(new MemberEvent(what, member.rank(), member.host(), detail));
    }

    /** Ends normally while processes may still run: they continue unsupervised. */
    public void dismiss() {
        end(member -> Peer.BYE);
    }

    /** Ends the group: processes that have not deregistered see a failure. */
    @Override
    public void close() {
        String line = new GroupFailure(
                        GroupFailure.NO_RANK,
                        HostName.own(),
                        "the supervisor of this group was closed, address = " + address
                                + ", close it when all processes have closed the group")
                .line();
        end(member -> member.left ? Peer.BYE : Peer.FAIL + " " + line);
    }

    private void end(Function<Member, String> lastLine) {
        // First, so that nothing which follows from it is reported.
        closed = true;
        members.values().forEach(member -> member.peer.send(lastLine.apply(member)));
        cut();
    }

    /** Closes all connections without a word. */
    void cut() {
        closed = true;
        members.values().forEach(member -> member.peer.close());
        listener.close();
    }
}
