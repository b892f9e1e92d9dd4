package dev.lockstep.supervise;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The keeper of an elastic group that no launcher keeps, in one of its processes. It has a thread of its own. The first one
 * waits in the lobby until all processes of the first generation have reported.
 */
final class HostedKeeper implements Keeper.Owner, AutoCloseable {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final Duration SHORT = Duration.ofMillis(10);

    /**
     * @param own the number of the process in which the keeper lives
     * @param bind the address at which it listens
     * @param port of the lobby
     * @param least the group fails when fewer processes are left
     * @param most the most processes
     * @param patience how long a process may be silent
     */
    record Terms(
            int own,
            InetAddress bind,
            int port,
            GroupSecret secret,
            int least,
            int most,
            Duration patience,
            Consumer<String> notices) {
        /** How long a generation may take to gather. */
        Duration startPatience() {
            return patience.compareTo(LONG) > 0 ? patience : LONG;
        }
    }

    private final Terms terms;
    private final BlockingQueue<Keeper.Seen> events = new LinkedBlockingQueue<>();
    private final Map<Integer, String> hosts = new HashMap<>();
    private final Supervisor lobby;
    private volatile @Nullable Keeper keeper;
    private volatile boolean closed;

    /** @throws IOException when it cannot listen at the port of the lobby */
    private HostedKeeper(Terms terms, int port, int size) throws IOException {
        this.terms = terms;
        this.lobby = Supervisor.lobby(
                new InetSocketAddress(terms.bind, port),
                size,
                terms.secret,
                terms.patience,
                event -> later(Keeper.inLobby(event)),
                terms.notices);
    }

    /** Gathers the first generation, with the numbers 0 … size − 1. */
    static HostedKeeper first(Terms terms, int size) throws IOException {
        HostedKeeper hosted = new HostedKeeper(terms, terms.port, size);
        Threads.start("lockstep-keeper", () -> {
            hosted.gather(size);
            hosted.follow();
        });
        return hosted;
    }

    /**
     * Continues with these processes, by rank; it handles events from {@link #start} on.
     *
     * @param hosts the names of machines, by the number of a process, as far as they are known
     */
    static HostedKeeper heir(Terms terms, List<Integer> members, Map<Integer, String> hosts) throws IOException {
        HostedKeeper hosted;
        try {
            hosted = new HostedKeeper(terms, terms.port, members.size());
        } catch (IOException e) {
            hosted = new HostedKeeper(terms, 0, members.size());
        }
        hosted.hosts.putAll(hosts);
        hosted.lobby.admitAnySize();
        hosted.begin(members).expectAll();
        terms.notices.accept("process " + terms.own + " on " + HostName.own()
                + " keeps the group now; processes without the run folder "
                + "join it with MASTER_ADDR = an address of " + HostName.own() + " and MASTER_PORT = "
                + hosted.lobby.address().port());
        return hosted;
    }

    void start() {
        Threads.start("lockstep-keeper", this::follow);
    }

    private void gather(int size) {
        TreeSet<Integer> here = new TreeSet<>();
        while (here.size() < size && !closed) {
            MemberEvent event = take().what();
            if (event != null && event.what() == MemberEvent.What.JOINED) {
                here.add(event.rank());
            } else if (event != null) {
                here.remove(event.rank());
            }
        }
        if (closed) {
            return;
        }
        Keeper begun = begin(List.copyOf(here));
        GroupFailure reason = new GroupFailure(GroupFailure.NO_RANK, HostName.own(), "the group begins");
        here.forEach(number -> lobby.sendOn(number, begun.place(number), reason));
    }

    private Keeper begin(List<Integer> members) {
        Keeper begun = new Keeper(
                terms.own, members, terms.least, terms.most, lobby, terms.startPatience(), terms.patience, this);
        keeper = begun;
        return begun;
    }

    private void follow() {
        Keeper keeping = keeper;
        while (keeping != null && !closed) {
            Keeper.Seen seen = take();
            MemberEvent what = seen.what();
            if (what != null && what.what() == MemberEvent.What.JOINED) {
                hosts.put(keeping.numberOf(seen), what.host());
            }
            try {
                if (keeping.on(seen).isPresent()) {
                    return;
                }
            } catch (RuntimeException e) {
                // Rather than a group that nobody keeps.
                keeping.announce(new GroupFailure(GroupFailure.NO_RANK, HostName.own(), "the keeper failed: " + e));
                throw e;
            }
        }
    }

    private Keeper.Seen take() {
        try {
            return events.take();
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts a keeper", e);
        }
    }

    /** The place of a process in the present generation. */
    NextGroup place(int number) {
        return Optional.ofNullable(keeper).orElseThrow().place(number);
    }

    /** The address of the lobby for this process itself. */
    SupervisorAddress lobby() {
        return lobby.address();
    }

    /** Waits until the present generation is complete and needs no keeper, or not much longer. */
    void awaitComplete() {
        Keeper keeping = keeper;
        long deadline = System.nanoTime() + terms.patience.toNanos();
        while (keeping != null && !keeping.isComplete() && System.nanoTime() < deadline) {
            Threads.pause(SHORT);
        }
    }

    /** The whole group ends, for a reason that only the keeper knows. Any thread may call it. */
    void giveUp(String why) {
        Keeper keeping = keeper;
        if (keeping != null) {
            keeping.announce(new GroupFailure(GroupFailure.NO_RANK, HostName.own(), why));
        }
    }

    /** Ends normally. */
    void dismiss() {
        closed = true;
        Keeper keeping = keeper;
        if (keeping != null) {
            keeping.dismiss();
        }
    }

    /** Ends without a word, as with its process: the others find another keeper. */
    @Override
    public void close() {
        closed = true;
        Keeper keeping = keeper;
        if (keeping == null) {
            lobby.cut();
        } else {
            keeping.cut();
        }
    }

    @Override
    public Supervisor supervise(int size, Consumer<MemberEvent> seen) {
        try {
            return new Supervisor(
                    new InetSocketAddress(terms.bind, 0),
                    size,
                    terms.secret,
                    terms.patience,
                    seen,
                    terms.notices,
                    null);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void later(Keeper.Seen event) {
        events.add(event);
    }

    /** Its launcher, if it has one, ends it. It knows no address of the next generation. */
    @Override
    public void expel(int number) {}

    @Override
    public GroupFailure report(int rank, int number, String cause) {
        String host = hosts.getOrDefault(number, "unknown-host");
        return new GroupFailure(rank, host, "rank " + rank + " on " + host + " " + cause);
    }

    @Override
    public boolean seesEnds() {
        return false;
    }

    @Override
    public void begins(List<Integer> members) {}
}
