package dev.lockstep.supervise;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A process's part in an elastic group that no launcher keeps. One process of the group is the home of its {@link Keeper}: at
 * first that of rank 0. When the keeper is lost, the first process by rank that is left becomes the next one. Every process
 * listens at a standby port; those that have lost the keeper claim a place from one process after the other, by rank, and
 * one whose turn comes without an answer of those before it becomes the keeper itself. It waits for the claims of the
 * others, at most as long as a process may be silent, and continues with those that came.
 *
 * <p>A process whose keeper is alive lets a claim wait, and refuses it when its group has changed: then the group has gone
 * on without that process. A claim that waits hears so all the time: silence means that the process is stopped or cut off too, and
 * the next one is asked. If the network parts a group, both parts may continue, with the same bits; a least size above half of
 * the group prevents it.
 */
public final class Succession implements Listener.User, AutoCloseable {
    private static final String CLAIM = "claim ";
    static final String ALIVE = "alive";
    private static final Duration PAUSE = Duration.ofMillis(20);
    private static final Duration PROBE = Duration.ofMillis(200);
    private static final Duration LONGEST_UNSAID = Duration.ofSeconds(10);
    private static final Duration LONGEST_CONNECT = Duration.ofSeconds(3);

    private final HostedKeeper.Terms terms;
    private final Listener standby;
    private final @Nullable GroupFile file;
    private final Claims claims;
    /** The processes of the present generation, by rank. */
    private volatile List<PeerMonitor.Member> members = List.of();
    /** The number of the process in which the keeper lives. */
    private volatile int keeperNumber;

    /** The greatest number that a process of this group has had, as far as this one knows. */
    private volatile int greatest;
    /** How others reach this machine. */
    private volatile String home;

    private volatile boolean closed;
    private volatile @Nullable HostedKeeper hosted;
    private volatile int term;
    /** What the file is to say, if this process keeps the group. */
    private volatile GroupFile.@Nullable Content content;

    private final AtomicBoolean defends = new AtomicBoolean();

    /**
     * What follows a keeper that is lost.
     *
     * @param next this process's place; null when the group has failed
     */
    record Outcome(@Nullable NextGroup next, GroupFailure reason) {}

    /**
     * Listens at a standby port.
     *
     * @param number of this process, different from those of all others and never changed
     * @param bind the address at which this process listens
     * @param port of the lobby, where the group is gathered and others join later
     * @param least the group fails when fewer processes are left
     * @param most the most processes
     * @param patience how long a process may be silent
     * @param file where the group can be found; null if nothing says so
     */
    public Succession(
            int number,
            InetAddress bind,
            int port,
            GroupSecret secret,
            int least,
            int most,
            Duration patience,
            Consumer<String> notices,
            @Nullable GroupFile file) {
        this.terms = new HostedKeeper.Terms(number, bind, port, secret, least, most, patience, notices);
        this.file = file;
        this.claims = new Claims(patience);
        this.greatest = number;
        this.home = bind.getHostAddress();
        try {
            this.standby = new Listener(new InetSocketAddress(bind, 0), secret, this, notices);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * This process is the home of the first keeper.
     *
     * @param size P, the number of processes that it gathers
     * @param name how others reach this machine
     * @return where this process itself reports
     * @throws IOException when the lobby cannot listen at its port
     */
    public synchronized SupervisorAddress found(int size, String name) throws IOException {
        home = name;
        term = file == null ? 0 : file.nextTerm(-1);
        HostedKeeper first = HostedKeeper.first(terms, size);
        hosted = first;
        return first.lobby();
    }

    /** Whether the whole group is on this machine. */
    public boolean isLocal() {
        return terms.bind().isLoopbackAddress();
    }

    /** The place with which this process joins a generation. */
    public Place standingBy(Place place) {
        return place.standingBy(terms.own(), standby.port());
    }

    /** A generation has gathered: its processes by rank. Claims of processes that are not among them have no place. */
    public void follow(Map<Integer, PeerMonitor.Member> roster, int keeper) {
        members = List.copyOf(new TreeMap<>(roster).values());
        keeperNumber = keeper;
        greatest = members.stream().mapToInt(PeerMonitor.Member::number).reduce(greatest, Math::max);
        HostedKeeper keeping = hosted;
        if (file != null && keeping != null && keeper == terms.own()) {
            content = content(keeping.lobby().port());
        }
        claims.numbers().forEach(number -> claims.refuse(number, "the group continues without process " + number));
    }

    /**
     * The run has its files in this generation: if this process keeps the group, the group's file says so from now on. Not before: a
     * group that was cut off, and finds that the others have continued, must not say that it is the one.
     */
    public void begun() {
        GroupFile says = file;
        GroupFile.Content now = content;
        if (says != null && now != null && !closed) {
            says.write(now);
            if (!defends.getAndSet(true)) {
                Threads.start("lockstep-group-file", () -> defend(says));
            }
        }
    }

    private void defend(GroupFile says) {
        while (!closed) {
            Threads.pause(terms.patience().compareTo(LONGEST_UNSAID) < 0 ? terms.patience() : LONGEST_UNSAID);
            GroupFile.Content own = content;
            HostedKeeper keeping = hosted;
            if (!closed && own != null && keeping != null) {
                says.defend(own)
                        .ifPresent(follower -> keeping.giveUp("process " + follower
                                + " keeps the group now, and this part of it was stopped or cut off for too long, start its processes"
                                + " again: they join"));
            }
        }
    }

    private GroupFile.Content content(int port) {
        Map<Integer, SupervisorAddress> answers = new TreeMap<>();
        for (PeerMonitor.Member member : members) {
            answers.put(member.number(), new SupervisorAddress(hostOf(member), member.standbyPort()));
        }
        answers.put(terms.own(), new SupervisorAddress(home, standby.port()));
        return new GroupFile.Content(terms.own(), new SupervisorAddress(home, port), term, greatest + 1, answers);
    }

    /** A process on this machine may have come by the loopback address, which others cannot reach. */
    private String hostOf(PeerMonitor.Member member) {
        InetAddress address = member.data().getAddress();
        return address == null || address.isLoopbackAddress() ? home : address.getHostAddress();
    }

    @Override
    public Handshake.Answer answer(String request, Socket socket) {
        return request.equals(ALIVE) || request.matches(CLAIM + "[0-9]{1,9}")
                ? Handshake.Answer.yes(HostName.own())
                : Handshake.Answer.no("this is the standby port of a process");
    }

    @Override
    public void accepted(String request, SocketChannel channel) throws IOException {
        if (closed || request.equals(ALIVE)) {
            channel.close();
            return;
        }
        claims.add(Integer.parseInt(request.substring(CLAIM.length())), channel.socket());
    }

    /** The place of this process when the keeper cannot be reached; empty when the group has failed. */
    public Optional<NextGroup> next(String why) {
        return Optional.ofNullable(seek(new GroupFailure(GroupFailure.NO_RANK, HostName.own(), why))
                .next());
    }

    /** Finds the next keeper, or becomes it. */
    synchronized Outcome seek(GroupFailure lost) {
        Set<Integer> dead = ConcurrentHashMap.newKeySet();
        dead.add(keeperNumber);
        for (PeerMonitor.Member heir : members) {
            if (heir.number() == terms.own()) {
                break;
            }
            if (dead.contains(heir.number())) {
                continue;
            }
            Optional<Outcome> answer = claim(heir);
            if (answer.isPresent()) {
                return answer.get();
            }
            dead.add(heir.number());
        }
        return become(lost, dead);
    }

    /** Claims a place from a process, and waits for its answer; empty if it is lost too, or stops before it has answered. */
    private Optional<Outcome> claim(PeerMonitor.Member heir) {
        try (SocketChannel channel = connect(heir, CLAIM + terms.own());
                Peer peer = new Peer(channel.socket())) {
            String line = Claims.answer(peer, channel.socket(), terms.patience());
            if (line == null) {
                return Optional.empty();
            }
            if (line.equals(Peer.BEAT)) {
                // It is there, and has not lost the keeper: this process has.
                return Optional.of(alone());
            }
            Optional<NextGroup.Parsed> parsed = line.startsWith(Peer.NEXT + " ")
                    ? NextGroup.parse(line.substring(Peer.NEXT.length() + 1))
                    : Optional.empty();
            InetAddress other = channel.socket().getInetAddress();
            return Optional.of(parsed.map(found -> found.at(other))
                    .map(found -> new Outcome(found.next(), found.reason()))
                    .orElseGet(() ->
                            new Outcome(null, GroupFailure.parse(line.replaceFirst("^" + Peer.FAIL + " ", "")))));
        } catch (IOException | LockstepException e) {
            return Optional.empty();
        }
    }

    private Outcome alone() {
        return new Outcome(
                null,
                new GroupFailure(
                        GroupFailure.NO_RANK,
                        HostName.own(),
                        "process " + terms.own() + " on " + HostName.own()
                                + " was cut off or stopped, and the group continues without it, start another one"));
    }

    private SocketChannel connect(PeerMonitor.Member member, String request) throws IOException {
        SocketChannel channel = SocketChannel.open();
        boolean done = false;
        try {
            Duration limit = terms.patience().compareTo(LONGEST_CONNECT) < 0 ? terms.patience() : LONGEST_CONNECT;
            InetSocketAddress where = new InetSocketAddress(member.data().getAddress(), member.standbyPort());
            channel.socket().connect(where, (int) limit.toMillis());
            Handshake.request(channel.socket(), terms.secret(), request, "address = " + where);
            done = true;
            return channel;
        } finally {
            if (!done) {
                channel.close();
            }
        }
    }

    private Outcome become(GroupFailure lost, Set<Integer> dead) {
        awaitClaims(dead);
        List<Integer> next = new ArrayList<>(List.of(terms.own()));
        members.stream()
                .map(PeerMonitor.Member::number)
                .filter(claims::contains)
                .forEach(next::add);
        claims.numbers().stream().filter(number -> !next.contains(number)).forEach(next::add);
        if (next.size() < terms.least()) {
            GroupFailure failure = new GroupFailure(
                    lost.rank(),
                    lost.host(),
                    lost.message() + ", " + next.size() + " of at least " + terms.least()
                            + " processes are left, start it again: it resumes");
            next.forEach(number -> claims.refuse(number, failure.message()));
            return new Outcome(null, failure);
        }
        try {
            HostedKeeper begun = HostedKeeper.heir(
                    terms,
                    List.copyOf(next),
                    members.stream().collect(Collectors.toMap(PeerMonitor.Member::number, PeerMonitor.Member::host)));
            hosted = begun;
            term = file == null ? 0 : file.nextTerm(term);
            members.stream()
                    .filter(member -> member.number() == terms.own())
                    .findFirst()
                    .ifPresent(own -> home = hostOf(own));
            for (int number : next) {
                Peer claim = claims.take(number);
                if (claim != null) {
                    claim.send(Peer.NEXT + " " + begun.place(number).line(lost));
                }
            }
            NextGroup.Parsed own = new NextGroup.Parsed(begun.place(terms.own()), lost)
                    .at(InetAddress.getByName(begun.lobby().host()));
            // Only now: an event may change the places.
            begun.start();
            return new Outcome(own.next(), lost);
        } catch (IOException | UncheckedIOException e) {
            return new Outcome(
                    null,
                    new GroupFailure(
                            lost.rank(),
                            lost.host(),
                            lost.message() + ", and this process cannot keep the group: " + e.getMessage()));
        }
    }

    /** Waits until every other process has claimed a place or is known to be lost. */
    private void awaitClaims(Set<Integer> dead) {
        long deadline = System.nanoTime() + terms.patience().toNanos();
        long probe = System.nanoTime() + PROBE.toNanos();
        Set<Integer> probed = ConcurrentHashMap.newKeySet();
        while (System.nanoTime() < deadline) {
            List<PeerMonitor.Member> missing = members.stream()
                    .filter(member -> member.number() != terms.own()
                            && !dead.contains(member.number())
                            && !claims.contains(member.number()))
                    .toList();
            if (missing.isEmpty()) {
                return;
            }
            if (System.nanoTime() > probe) {
                missing.stream()
                        .filter(member -> probed.add(member.number()))
                        .forEach(member -> Threads.start("lockstep-probe", () -> {
                            // One that is stopped takes as long as it may; the others do not wait for it.
                            if (refuses(member)) {
                                dead.add(member.number());
                            }
                            probed.remove(member.number());
                        }));
                probe = System.nanoTime() + PROBE.toNanos();
            }
            Threads.pause(PAUSE);
        }
    }

    /** Whether a process has ended for certain. */
    private boolean refuses(PeerMonitor.Member member) {
        try (SocketChannel channel = connect(member, ALIVE)) {
            return false;
        } catch (ConnectException e) {
            return true;
        } catch (IOException | LockstepException e) {
            return false;
        }
    }

    /** This process leaves: if it is the home of the keeper, the others gather first. */
    public synchronized void handOver() {
        HostedKeeper keeping = hosted;
        if (keeping != null) {
            keeping.awaitComplete();
        }
    }

    /** The run has ended well. */
    public synchronized void end() {
        closed = true;
        standby.close();
        claims.close();
        HostedKeeper keeping = hosted;
        if (keeping != null) {
            keeping.dismiss();
            if (file != null) {
                file.delete(terms.own());
            }
        }
    }

    /** This process takes no part any more; the others notice it. */
    @Override
    public synchronized void close() {
        closed = true;
        standby.close();
        claims.close();
        HostedKeeper keeping = hosted;
        if (keeping != null) {
            keeping.close();
        }
    }
}
