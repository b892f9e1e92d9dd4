package dev.lockstep.supervise;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Keeps an elastic group: a sequence of groups, the generations, each with a {@link Supervisor} of its own. When a process
 * is lost, the others are sent to the next generation at once. A process that joins or leaves waits until all processes
 * stand between two steps: the keeper asks them, and when each has answered, it sends them on. A process that is not sent
 * there cannot take part any more, even if it wakes up later: it knows no address of the next generation.
 *
 * <p>Processes have numbers that never change, while their ranks are those of the present generation. Not thread-safe: its
 * owner calls it in one thread, to which it takes the events of the supervisors.
 */
public final class Keeper implements AutoCloseable {
    /** The program in which a keeper lives. */
    public interface Owner {
        /** Starts the supervisor of a generation. */
        Supervisor supervise(int size, Consumer<MemberEvent> events);

        /** Passes an event to {@link Keeper#on} in the thread of the keeper; called from any thread. */
        void later(Seen event);

        /** A process is not part of the group any more: ends it, if it can. */
        void expel(int number);

        /** The report of a lost process. */
        GroupFailure report(int rank, int number, String cause);

        /** Whether the owner sees a process end, and then calls {@link Keeper#lose} itself. */
        boolean seesEnds();

        /** A generation begins: the numbers of its processes, by rank. */
        void begins(List<Integer> members);
    }

    /**
     * Something that a supervisor saw.
     *
     * @param generation {@link #LOBBY} for the lobby
     * @param what null when a time is over
     * @param departure the number in {@link #departures} of a process that should have arrived by now; 0 when a
     *     generation should be complete
     */
    public record Seen(int generation, @Nullable MemberEvent what, int departure) {
        Seen(int generation, @Nullable MemberEvent what) {
            this(generation, what, 0);
        }
    }

    private static final int LOBBY = -1;

    /** An event of the lobby. */
    public static Seen inLobby(MemberEvent event) {
        return new Seen(LOBBY, event);
    }

    private final int own;
    private final int least;
    private final int most;
    private final Duration startPatience;
    private final Duration patience;
    private final Owner owner;

    private int generation;
    private volatile Supervisor supervisor;
    private final Supervisor lobby;
    /** Former generations, for processes that have not heard of their next place yet, or not gone there. */
    private final Map<Integer, Former> former = new ConcurrentHashMap<>();

    private record Former(Supervisor supervisor, List<Integer> members) {}

    /** Numbers of processes, by rank. */
    private List<Integer> members;

    private final Set<Integer> joined = new HashSet<>();
    /** Processes that have closed their connection to a former generation, and are in no later one yet. */
    private final Map<Integer, Integer> departures = new HashMap<>();

    private int departed;
    /** Processes that wait in the lobby. */
    private final Set<Integer> guests = new TreeSet<>();
    /** Members that want to leave. */
    private final Set<Integer> leaving = new TreeSet<>();
    /** Members that stand between two steps and wait. */
    private final Set<Integer> ready = new HashSet<>();

    /** Members that have ended well: the run is over. */
    private final Set<Integer> finished = new HashSet<>();

    private volatile boolean complete;
    private boolean stopping;

    /**
     * @param own the number of the process in which it lives; {@link NextGroup#LAUNCHER} if that is none of the group's
     * @param members the numbers of the first generation, by rank
     * @param least the group fails when fewer are left
     * @param most the most processes of a generation
     * @param lobby where processes that want to join report, with their number as rank
     * @param startPatience how long a generation may take to gather: some processes may still start, or be busy
     * @param patience how long a process may be silent
     */
    public Keeper(
            int own,
            List<Integer> members,
            int least,
            int most,
            Supervisor lobby,
            Duration startPatience,
            Duration patience,
            Owner owner) {
        this.own = own;
        this.least = least;
        this.most = most;
        this.startPatience = startPatience;
        this.patience = patience;
        this.owner = owner;
        this.members = List.copyOf(members);
        this.lobby = lobby;
        this.supervisor = supervise(0, members.size(), startPatience);
    }

    /** The place of a member in the present generation. */
    public NextGroup place(int number) {
        return new NextGroup(
                members.indexOf(number),
                members.size(),
                own,
                new SupervisorAddress(Place.SAME, supervisor.address().port()));
    }

    private Supervisor supervise(int of, int size, Duration within) {
        Supervisor started = owner.supervise(size, event -> owner.later(new Seen(of, event)));
        Threads.after(within, () -> owner.later(new Seen(of, null)));
        return started;
    }

    /** Where the processes of the present generation join. */
    public SupervisorAddress address() {
        return supervisor.address();
    }

    /** The numbers of the processes of the present generation, by rank. */
    public List<Integer> members() {
        return List.copyOf(members);
    }

    /** Whether a member stands between two steps and waits. */
    boolean isReady(int number) {
        return ready.contains(number);
    }

    /** The number of the process of which an event tells; −1 for one that is not of the present generation. */
    int numberOf(Seen seen) {
        int rank = seen.what == null ? -1 : seen.what.rank();
        if (seen.generation == LOBBY) {
            return rank;
        }
        return seen.generation == generation && rank >= 0 ? members.get(rank) : -1;
    }

    /** Whether all processes of the present generation have joined it. */
    public boolean isComplete() {
        return complete;
    }

    /** Whether a member has deregistered, and then ends normally. */
    public boolean hasLeft(int number) {
        return supervisor.hasLeft(members.indexOf(number));
    }

    /** Whether all are to save and stop. */
    public boolean isStopping() {
        return stopping;
    }

    /** Whether nobody joins any more. */
    public boolean isOver() {
        return stopping || !finished.isEmpty();
    }

    /** Members and those that wait to become one. */
    public int size() {
        return members.size() + guests.size();
    }

    /**
     * Takes an event.
     *
     * @return why the group has failed, if it has; every process has been told then
     */
    public Optional<GroupFailure> on(Seen seen) {
        MemberEvent what = seen.what;
        if (what == null) {
            return seen.departure > 0
                    ? astray(seen.departure)
                    : seen.generation == generation ? late() : Optional.empty();
        }
        if (seen.generation == LOBBY) {
            guest(what);
        } else if (seen.generation == generation) {
            return member(what);
        } else if (former.containsKey(seen.generation) && what.rank() != GroupFailure.NO_RANK) {
            return onItsWay(former.get(seen.generation).members.get(what.rank()), what);
        }
        return Optional.empty();
    }

    private void guest(MemberEvent event) {
        int number = event.rank();
        if (event.what() != MemberEvent.What.JOINED) {
            guests.remove(number);
        } else if (isOver() || members.contains(number)) {
            lobby.refuse(number, isOver() ? "the run is over" : "process " + number + " is a member of the group");
        } else if (size() >= most) {
            lobby.refuse(number, "the group has as many processes as it may have: " + most);
        } else {
            guests.add(number);
            askForChange();
        }
    }

    private Optional<GroupFailure> member(MemberEvent event) {
        switch (event.what()) {
            case JOINED -> {
                joined.add(event.rank());
                departures.remove(members.get(event.rank()));
            }
            case COMPLETE -> {
                complete = true;
                closeFormer();
            }
            case SILENT, FAILED -> {
                String failed = event.what() == MemberEvent.What.FAILED ? "failed: " : "";
                return lose(members.get(event.rank()), failed + event.detail());
            }
            case LOST -> {
                return owner.seesEnds() ? Optional.empty() : lose(members.get(event.rank()), GroupFailure.VANISHED);
            }
            case LEFT -> {
                if (!owner.seesEnds()) {
                    finish(members.get(event.rank()));
                }
            }
            case LEAVING -> leave(members.get(event.rank()));
            case READY -> {
                ready.add(members.get(event.rank()));
                changeIfReady();
            }
            case STOPPING -> {
                // Only the keeper says so.
            }
        }
        return Optional.empty();
    }

    /** A process of a former generation that has not joined the present one yet. */
    private Optional<GroupFailure> onItsWay(int number, MemberEvent event) {
        int rank = members.indexOf(number);
        if (rank < 0 || joined.contains(rank)) {
            return Optional.empty();
        }
        if (event.what() == MemberEvent.What.SILENT) {
            return lose(number, event.detail());
        }
        if (event.what() == MemberEvent.What.JOINED) {
            departures.remove(number);
        } else if (event.what() == MemberEvent.What.LOST) {
            // It goes to the present generation, or has ended.
            expect(number);
        }
        return Optional.empty();
    }

    /** A process that has no connection to any generation is to join the present one within the time it may be silent. */
    private void expect(int number) {
        int departure = ++departed;
        departures.put(number, departure);
        Threads.after(patience, () -> owner.later(new Seen(generation, null, departure)));
    }

    /** Expects all members: each waits for its place, which it is told now. */
    void expectAll() {
        members.forEach(this::expect);
    }

    /** A process that has closed its old connection has not come to any later generation. */
    private Optional<GroupFailure> astray(int departure) {
        for (Map.Entry<Integer, Integer> one : departures.entrySet()) {
            if (one.getValue() == departure) {
                return lose(one.getKey(), GroupFailure.silent(patience));
            }
        }
        return Optional.empty();
    }

    /** Some have not joined the present generation in time: all of them are lost. */
    private Optional<GroupFailure> late() {
        List<Integer> missing = new ArrayList<>();
        for (int rank = 0; rank < members.size(); rank++) {
            if (!joined.contains(rank)) {
                missing.add(members.get(rank));
            }
        }
        return missing.isEmpty() ? Optional.empty() : lose(missing, "did not join in time");
    }

    /** A member has ended well: the run is over, and nobody joins any more. */
    public void finish(int number) {
        finished.add(number);
        closeLobby();
    }

    /** All save and stop. */
    public void stop() {
        stopping = true;
        closeLobby();
        supervisor.tell(Peer.STOP);
    }

    private void closeFormer() {
        former.values().forEach(each -> each.supervisor.close());
        former.clear();
    }

    private void closeLobby() {
        guests.clear();
        lobby.close();
    }

    private void leave(int number) {
        if (isOver() || leaving.contains(number)) {
            return;
        }
        // Those that wait in the lobby do not count: they need somebody who has the state.
        if (members.size() - leaving.size() - 1 < least) {
            stop();
        } else {
            leaving.add(number);
            askForChange();
        }
    }

    private void askForChange() {
        supervisor.tell(Peer.CHANGE);
        changeIfReady();
    }

    private void changeIfReady() {
        if (!ready.containsAll(members)) {
            return;
        }
        List<Integer> next = new ArrayList<>(members);
        next.removeAll(leaving);
        moveOn(next, reasonToChange());
    }

    private GroupFailure reasonToChange() {
        List<String> parts = new ArrayList<>();
        if (!leaving.isEmpty()) {
            parts.add(processes(leaving, "leaves", "leave"));
        }
        if (!guests.isEmpty()) {
            parts.add(processes(guests, "joins", "join"));
        }
        String words = parts.isEmpty() ? "the group is gathered anew" : String.join(" and ", parts) + " the group";
        return new GroupFailure(GroupFailure.NO_RANK, HostName.own(), words);
    }

    private static String processes(Set<Integer> numbers, String one, String several) {
        String list = numbers.stream().map(String::valueOf).collect(Collectors.joining(", "));
        return numbers.size() == 1 ? "process " + list + " " + one : "processes " + list + " " + several;
    }

    /**
     * A process is lost: the others continue without it, and with those that wait to join.
     *
     * @param cause what happened to it
     * @return why the group has failed, if too few are left
     */
    public Optional<GroupFailure> lose(int number, String cause) {
        return members.contains(number) ? lose(List.of(number), cause) : Optional.empty();
    }

    /** @param lost members, at least one */
    private Optional<GroupFailure> lose(List<Integer> lost, String cause) {
        List<GroupFailure> reports = new ArrayList<>();
        for (int number : lost) {
            owner.expel(number);
            departures.remove(number);
            reports.add(owner.report(members.indexOf(number), number, cause));
        }
        GroupFailure report = reports.get(0);
        for (GroupFailure other : reports.subList(1, reports.size())) {
            report = report.and(other.message());
        }
        List<Integer> rest = new ArrayList<>(members);
        rest.removeAll(lost);
        // A member that waits to leave has closed its files.
        rest.removeIf(other -> leaving.contains(other) && ready.contains(other));
        if (!finished.isEmpty() || rest.isEmpty() || rest.size() + guests.size() < least) {
            supervisor.announce(report);
            return Optional.of(report);
        }
        moveOn(rest, guests.isEmpty() ? report : report.and(processes(guests, "joins", "join") + " the group"));
        return Optional.empty();
    }

    /** Sends processes of the present generation, and those that wait in the lobby, to the next one. */
    private void moveOn(List<Integer> staying, GroupFailure reason) {
        List<Integer> next = new ArrayList<>(staying);
        next.addAll(guests);
        generation++;
        List<Integer> before = members;
        Supervisor ending = supervisor;
        supervisor = supervise(generation, next.size(), startPatience);
        members = List.copyOf(next);
        guests.forEach(number -> lobby.sendOn(number, place(number), reason));
        guests.forEach(this::expect);
        guests.clear();
        Map<Integer, NextGroup> places = new HashMap<>();
        Set<Integer> released = new HashSet<>();
        for (int rank = 0; rank < before.size(); rank++) {
            int number = before.get(rank);
            if (members.contains(number)) {
                places.put(rank, place(number));
            } else if (leaving.contains(number) && ready.contains(number)) {
                released.add(rank);
            }
        }
        ending.succeed(reason, places, released);
        former.put(generation - 1, new Former(ending, before));
        complete = false;
        joined.clear();
        leaving.clear();
        ready.clear();
        owner.begins(members);
        if (stopping) {
            supervisor.tell(Peer.STOP);
        }
    }

    /** Tells every process that the group has failed. */
    public void announce(GroupFailure failure) {
        supervisor.announce(failure);
    }

    /** Ends normally, while processes may still run: they continue unsupervised. */
    public void dismiss() {
        supervisor.dismiss();
        lobby.close();
        closeFormer();
    }

    /** Closes all connections without a word. Any thread may call it. */
    void cut() {
        supervisor.cut();
        lobby.cut();
        former.values().forEach(each -> each.supervisor.cut());
    }

    @Override
    public void close() {
        supervisor.close();
        lobby.close();
        closeFormer();
    }
}
