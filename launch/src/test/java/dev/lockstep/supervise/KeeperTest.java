package dev.lockstep.supervise;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A keeper and members that are threads of this process. */
@Tag("slow")
class KeeperTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final Duration SHORT = Duration.ofSeconds(2);

    private final BlockingQueue<Keeper.Seen> events = new LinkedBlockingQueue<>();
    private final List<Integer> expelled = new ArrayList<>();
    private final List<GroupFailure> failures = Collections.synchronizedList(new ArrayList<>());
    private final AtomicInteger stops = new AtomicInteger();
    private Supervisor lobby;
    private Keeper keeper = keeper(1, 1, 1);

    /** Its processes are not this test's: their ends are seen by the supervisor alone. */
    private final class Owner implements Keeper.Owner {
        @Override
        public Supervisor supervise(int size, Consumer<MemberEvent> seen) {
            return Supervisor.onLoopback(size, GroupSecret.none(), LONG, seen, line -> {});
        }

        @Override
        public void later(Keeper.Seen event) {
            events.add(event);
        }

        @Override
        public void expel(int number) {
            expelled.add(number);
        }

        @Override
        public GroupFailure report(int rank, int number, String cause) {
            return new GroupFailure(rank, "node7", "rank " + rank + " " + cause);
        }

        @Override
        public boolean seesEnds() {
            return false;
        }

        @Override
        public void begins(List<Integer> members) {}
    }

    private Keeper keeper(int size, int least, int most) {
        return keeper(size, least, most, LONG, LONG);
    }

    private Keeper keeper(int size, int least, int most, Duration startPatience, Duration patience) {
        Owner owner = new Owner();
        lobby = Supervisor.lobbyOnLoopback(GroupSecret.none(), LONG, event -> owner.later(Keeper.inLobby(event)));
        List<Integer> members = IntStream.range(0, size).boxed().toList();
        return new Keeper(NextGroup.LAUNCHER, members, least, most, lobby, startPatience, patience, owner);
    }

    @AfterEach
    void close() {
        keeper.close();
    }

    private void start(int size, int least, int most) {
        keeper.close();
        events.clear();
        keeper = keeper(size, least, most);
    }

    private PeerMonitor join(SupervisorAddress at, int rank, int size) {
        Connection connection = Connection.open(
                () -> at,
                GroupSecret.none(),
                channel -> new Place(rank, size, Place.SAME, 1234, 99, "node" + rank).request(),
                "the keeper",
                LONG,
                line -> {});
        return PeerMonitor.over(
                connection, rank, PeerMonitor.Watcher.launcher(LONG), failures::add, stops::incrementAndGet, null);
    }

    private Map<Integer, PeerMonitor> gather(int size) throws InterruptedException {
        Map<Integer, PeerMonitor> monitors = new HashMap<>();
        for (int rank = 0; rank < size; rank++) {
            monitors.put(rank, join(keeper.address(), rank, size));
        }
        for (PeerMonitor monitor : monitors.values()) {
            assertThat(monitor.awaitRoster(LONG)).isPresent();
        }
        return monitors;
    }

    /** Hands events to the keeper until something holds. */
    private Optional<GroupFailure> handleUntil(BooleanSupplier reached) throws InterruptedException {
        Optional<GroupFailure> failure = Optional.empty();
        long deadline = System.nanoTime() + LONG.toNanos();
        while (!reached.getAsBoolean() && failure.isEmpty()) {
            assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
            Keeper.Seen event = events.poll(10, TimeUnit.MILLISECONDS);
            if (event != null) {
                failure = keeper.on(event);
            }
        }
        return failure;
    }

    private static String reason(PeerMonitor monitor) {
        return monitor.outcome()
                .orTimeout(20, TimeUnit.SECONDS)
                .join()
                .orElseThrow()
                .message();
    }

    @Test
    void oneJoins_whenAllStandBetweenTwoSteps() throws Exception {
        start(2, 1, 3);
        Map<Integer, PeerMonitor> members = gather(2);
        PeerMonitor guest = join(lobby.address(), 7, 8);
        handleUntil(() -> members.values().stream().allMatch(PeerMonitor::isChangeDue));
        members.get(1).ready();
        handleUntil(events::isEmpty);
        assertThat(keeper.members()).containsExactly(0, 1);
        members.get(0).ready();
        handleUntil(() -> keeper.members().size() == 3);

        assertThat(keeper.members()).containsExactly(0, 1, 7);
        assertThat(reason(members.get(1))).isEqualTo("process 7 joins the group");
        assertThat(reason(guest)).isEqualTo("process 7 joins the group");
        assertThat(guest.next().orElseThrow()).isEqualTo(new NextGroup(2, 3, NextGroup.LAUNCHER, keeper.address()));
        assertThat(failures).isEmpty();
    }

    @Test
    void oneLeaves_whenAllStandBetweenTwoSteps_andHasNoPlace() throws Exception {
        start(3, 1, 3);
        Map<Integer, PeerMonitor> members = gather(3);
        members.get(0).leave();
        handleUntil(() -> members.values().stream().allMatch(PeerMonitor::isChangeDue));
        members.values().forEach(PeerMonitor::ready);
        handleUntil(() -> keeper.members().size() == 2);

        assertThat(reason(members.get(0))).isEqualTo("process 0 leaves the group");
        assertThat(members.get(0).next()).isEmpty();
        assertThat(reason(members.get(2))).isEqualTo("process 0 leaves the group");
        assertThat(members.get(2).next().orElseThrow())
                .isEqualTo(new NextGroup(1, 2, NextGroup.LAUNCHER, keeper.address()));
        assertThat(expelled).isEmpty();
        assertThat(failures).isEmpty();
    }

    @Test
    void tooFewWouldBeLeft_allSaveAndStop() throws Exception {
        start(2, 2, 2);
        Map<Integer, PeerMonitor> members = gather(2);
        members.get(1).leave();
        handleUntil(() -> stops.get() == 2);

        assertThat(keeper.isStopping()).isTrue();
        assertThat(members.get(0).isChangeDue()).isFalse();
    }

    @Test
    void oneIsLost_theOthersContinueAtOnce_withThoseThatWait_withoutOneThatHasClosedItsFiles() throws Exception {
        start(4, 2, 5);
        Map<Integer, PeerMonitor> members = gather(4);
        members.get(3).leave();
        members.get(3).ready();
        join(lobby.address(), 9, 10);
        handleUntil(() -> keeper.size() == 5 && keeper.isReady(3));
        members.get(1).abandon();
        handleUntil(() -> !keeper.members().contains(1));

        assertThat(keeper.members()).containsExactly(0, 2, 9);
        assertThat(expelled).containsExactly(1);
        assertThat(reason(members.get(2))).isEqualTo("rank 1 ended without deregistering; process 9 joins the group");
        // An event of the whole group may come after its end.
        assertThat(keeper.on(new Keeper.Seen(
                        0, new MemberEvent(MemberEvent.What.COMPLETE, GroupFailure.NO_RANK, "node0", "complete"))))
                .isEmpty();
    }

    @Test
    void aGuestThatHasAPlaceButDoesNotCome_isLost_longBeforeAGenerationMustBeComplete() throws Exception {
        keeper.close();
        events.clear();
        keeper = keeper(2, 1, 3, LONG, SHORT);
        Map<Integer, PeerMonitor> members = gather(2);
        join(lobby.address(), 7, 8);
        handleUntil(() -> members.values().stream().allMatch(PeerMonitor::isChangeDue));
        members.values().forEach(PeerMonitor::ready);
        handleUntil(() -> keeper.members().contains(7));
        PeerMonitor first = next(members.get(0));
        PeerMonitor second = next(members.get(1));
        handleUntil(() -> !keeper.members().contains(7));

        assertThat(keeper.members()).containsExactly(0, 1);
        assertThat(reason(first)).isEqualTo("rank 2 gave no sign of life for 2 s");
        assertThat(reason(second)).isEqualTo("rank 2 gave no sign of life for 2 s");
        assertThat(second.next()).isPresent();
    }

    @Test
    void allThatAreLate_areLostAtOnce() throws Exception {
        keeper.close();
        events.clear();
        keeper = keeper(4, 1, 4, SHORT, LONG);
        PeerMonitor first = join(keeper.address(), 0, 4);
        PeerMonitor third = join(keeper.address(), 2, 4);
        handleUntil(() -> keeper.members().size() < 4);

        assertThat(keeper.members()).containsExactly(0, 2);
        assertThat(expelled).containsExactly(1, 3);
        assertThat(reason(first)).isEqualTo("rank 1 did not join in time; rank 3 did not join in time");
        assertThat(reason(third)).isEqualTo(reason(first));
        assertThat(third.next()).isPresent();
    }

    @Test
    void fewerThanTheLeastAreLeft_theGroupFails() throws Exception {
        start(2, 2, 2);
        Map<Integer, PeerMonitor> members = gather(2);
        members.get(0).abandon();

        assertThat(handleUntil(() -> false))
                .hasValueSatisfying(
                        failure -> assertThat(failure.message()).isEqualTo("rank 0 ended without deregistering"));
        assertThat(reason(members.get(1))).isEqualTo("rank 0 ended without deregistering");
    }

    /** Each time one is lost and another one joins: what a former generation needed is closed. */
    @Test
    void fiftyLosses_leaveNothingBehind() throws Exception {
        start(2, 1, 2);
        Map<Integer, PeerMonitor> members = gather(2);
        int threads = 0;
        long files = 0;
        for (int loss = 1; loss <= 50; loss++) {
            List<Integer> numbers = keeper.members();
            int lost = numbers.get(1);
            members.get(lost).abandon();
            handleUntil(() -> !keeper.members().contains(lost));
            PeerMonitor last = next(members.get(0));
            handleUntil(() -> keeper.isComplete());
            int number = 1 + loss;
            PeerMonitor guest = join(lobby.address(), number, number + 1);
            handleUntil(last::isChangeDue);
            last.ready();
            handleUntil(() -> keeper.members().contains(number));
            members.put(0, next(last));
            members.put(number, next(guest));
            handleUntil(() -> keeper.isComplete());
            if (loss == 5) {
                threads = threads();
                files = files();
            }
        }
        assertThat(threads()).isLessThan(threads + 10);
        assertThat(files()).isLessThan(files + 20);
    }

    /** Joins at the place in the next generation. */
    private PeerMonitor next(PeerMonitor monitor) {
        reason(monitor);
        NextGroup place = monitor.next().orElseThrow();
        monitor.abandon();
        return join(place.supervisor(), place.rank(), place.size());
    }

    private static int threads() {
        return (int) Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("lockstep-"))
                .count();
    }

    private static long files() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.count();
        }
    }

    @Test
    void guestsWithoutAPlaceAreRefused() throws Exception {
        start(2, 1, 2);
        gather(2);
        PeerMonitor third = join(lobby.address(), 5, 6);
        PeerMonitor twin = join(lobby.address(), 1, 2);
        handleUntil(() -> failures.size() == 2);

        assertThat(reason(third)).isEqualTo("the group has as many processes as it may have: 2");
        assertThat(reason(twin)).isEqualTo("process 1 is a member of the group");
    }
}
