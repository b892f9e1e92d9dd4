package dev.lockstep.supervise;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Groups without a launcher; their processes are threads of this one. */
@Tag("slow")
class SuccessionTest {
    private static final Duration PATIENCE = Duration.ofSeconds(3);
    private static final Duration SOON = Duration.ofSeconds(1);
    private static final InetAddress HERE = InetAddress.getLoopbackAddress();

    @TempDir
    Path folder;

    private final List<String> notices = Collections.synchronizedList(new ArrayList<>());
    private final List<GroupFile> files = Collections.synchronizedList(new ArrayList<>());
    private final List<Process> all = new ArrayList<>();

    /** A process of the group, as far as it concerns the keeper. */
    private final class Process {
        private final int number;
        private final Succession succession;
        private final List<GroupFailure> failures = Collections.synchronizedList(new ArrayList<>());
        private PeerMonitor monitor;
        private NextGroup place;

        Process(int number, int port, int least) {
            this.number = number;
            this.succession =
                    new Succession(number, HERE, port, GroupSecret.none(), least, 8, PATIENCE, notices::add, file());
            all.add(this);
        }

        private Connection connect(SupervisorAddress at, Place as) {
            return Connection.open(
                    () -> at, GroupSecret.none(), channel -> as.request(), "the keeper", SOON, line -> {});
        }

        private PeerMonitor monitor(Connection connection, Succession heirs) {
            PeerMonitor.Watcher watcher = PeerMonitor.Watcher.keeper(connection.reply(), PATIENCE);
            return PeerMonitor.over(connection, number, watcher, failures::add, () -> {}, heirs);
        }

        /** Reports in the lobby, and waits for its place. */
        void report(SupervisorAddress lobby, int size) {
            monitor = monitor(connect(lobby, Place.of(number, size, Place.SAME, 0)), null);
            await();
        }

        /** Waits for the end of the present group, and joins the next one if there is a place in it. */
        Process await() {
            monitor.outcome().orTimeout(20, TimeUnit.SECONDS).join();
            Optional<NextGroup> next = monitor.next();
            while (next.isPresent()) {
                NextGroup found = next.get();
                place = found;
                Place as = succession.standingBy(Place.of(found.rank(), found.size(), Place.SAME, 1234));
                try {
                    monitor = monitor(connect(found.supervisor(), as), succession);
                    monitor.awaitRoster(PATIENCE).ifPresent(roster -> succession.follow(roster, found.keeper()));
                    if (place.rank() == 0) {
                        succession.begun();
                    }
                    return this;
                } catch (LockstepException e) {
                    // The keeper was lost meanwhile.
                    next = monitor.next()
                            .filter(later -> !later.equals(found))
                            .or(() -> succession.next(e.getMessage()));
                }
            }
            return this;
        }
    }

    @AfterEach
    void close() {
        all.forEach(process -> {
            process.monitor.abandon();
            process.succession.close();
        });
        // Waits for what is being written.
        files.forEach(file -> file.delete(GroupFile.NOBODY));
    }

    private GroupFile file() {
        GroupFile file = new GroupFile(folder.resolve(GroupFile.NAME), GroupSecret.none(), PATIENCE, notices::add);
        files.add(file);
        return file;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket()) {
            socket.bind(new InetSocketAddress(HERE, 0));
            return socket.getLocalPort();
        }
    }

    private Map<Integer, Process> gather(int size, int least) throws Exception {
        int port = freePort();
        Map<Integer, Process> group = new TreeMap<>();
        for (int number = 0; number < size; number++) {
            group.put(number, new Process(number, port, least));
        }
        SupervisorAddress lobby = group.get(0).succession.found(size, HERE.getHostAddress());
        assertThat(lobby.port()).isEqualTo(port);
        together(group.values().stream().toList(), process -> process.report(lobby, size));
        group.forEach((number, process) -> {
            assertThat(process.place.rank()).isEqualTo(number);
            assertThat(process.place.size()).isEqualTo(size);
        });
        return group;
    }

    private static void together(List<Process> processes, Consumer<Process> action) {
        CompletableFuture.allOf(processes.stream()
                        .map(process -> CompletableFuture.runAsync(() -> action.accept(process)))
                        .toArray(CompletableFuture[]::new))
                .orTimeout(30, TimeUnit.SECONDS)
                .join();
    }

    /** As if its machine had crashed: its sockets close without a word. */
    private static void crash(Process process) {
        process.succession.close();
        process.monitor.abandon();
    }

    @Test
    void aMemberIsLost_theKeeperSendsTheOthersOn() throws Exception {
        Map<Integer, Process> group = gather(3, 1);
        crash(group.remove(1));
        together(List.copyOf(group.values()), Process::await);

        assertThat(group.get(0).place.rank()).isZero();
        assertThat(group.get(2).place.rank()).isEqualTo(1);
        assertThat(group.get(2).place.size()).isEqualTo(2);
        assertThat(group.get(2).failures).isEmpty();
    }

    @Test
    void theKeeperIsLost_theFirstOfTheOthersKeepsTheGroup_andIsSucceededInTurn() throws Exception {
        Map<Integer, Process> group = gather(4, 1);
        crash(group.remove(0));
        together(List.copyOf(group.values()), Process::await);
        group.forEach((number, process) -> {
            assertThat(process.place.rank()).isEqualTo(number - 1);
            assertThat(process.place.size()).isEqualTo(3);
            assertThat(process.place.keeper()).isEqualTo(1);
        });
        // The next keeper, and the one that would follow it, at once.
        crash(group.remove(1));
        crash(group.remove(2));
        together(List.copyOf(group.values()), Process::await);
        assertThat(group.get(3).place.size()).isEqualTo(1);
        assertThat(group.get(3).place.keeper()).isEqualTo(3);
        assertThat(group.get(3).failures).isEmpty();
    }

    @Test
    void anotherJoinsTheNewKeeper_whichTheFileNames() throws Exception {
        Map<Integer, Process> group = gather(3, 1);
        GroupFile.Found before = seek(GroupFile.NOBODY);
        assertThat(before.keeper()).isZero();
        crash(group.remove(0));
        together(List.copyOf(group.values()), Process::await);
        GroupFile.Found found = seek(before.keeper());
        assertThat(found.keeper()).isEqualTo(1);
        assertThat(found.next()).isEqualTo(3);
        assertThat(notices)
                .anyMatch(line -> line.contains("keeps the group now")
                        && line.endsWith("MASTER_PORT = " + found.lobby().port()));
        Process again = new Process(found.next(), found.lobby().port(), 1);
        CompletableFuture<Void> reporting =
                CompletableFuture.runAsync(() -> again.report(found.lobby(), found.next() + 1));
        while (!group.values().stream().allMatch(process -> process.monitor.isChangeDue())) {
            TimeUnit.MILLISECONDS.sleep(5);
        }
        group.values().forEach(process -> process.monitor.ready());
        together(List.copyOf(group.values()), Process::await);
        reporting.get(20, TimeUnit.SECONDS);

        assertThat(again.place.rank()).isEqualTo(2);
        assertThat(again.place.size()).isEqualTo(3);
        while (seek(GroupFile.NOBODY).next() != found.next() + 1) {
            TimeUnit.MILLISECONDS.sleep(5);
        }
        // It is still there: it has refused whoever seeks another one.
        assertThat(file().seek(1)).isEmpty();
        group.get(1).succession.end();
        assertThat(folder.resolve(GroupFile.NAME)).doesNotExist();
    }

    /** The file is written a moment after a generation has gathered. */
    private GroupFile.Found seek(int before) throws InterruptedException {
        Optional<GroupFile.Found> found = file().seek(before);
        for (int i = 0; found.isEmpty() && i < 1000; i++) {
            TimeUnit.MILLISECONDS.sleep(5);
            found = file().seek(before);
        }
        return found.orElseThrow();
    }

    /** As a part of the group may have done that was cut off for a while. */
    @Test
    void theFileNamesAnotherKeeper_theLivingOneWritesItAgain() throws Exception {
        gather(2, 1);
        seek(GroupFile.NOBODY);
        Path path = folder.resolve(GroupFile.NAME);
        // It followed the present one, but nobody of it is there.
        Files.writeString(path, "keeper 7 127.0.0.1:1\nterm 5\nnext 9\nprocess 7 127.0.0.1:1\n");
        assertThat(file().glance()).isEmpty();
        assertThat(seek(GroupFile.NOBODY).keeper()).isZero();
        Files.delete(path);
        assertThat(seek(GroupFile.NOBODY).keeper()).isZero();
        assertThat(file().glance()).isPresent();
    }

    /** As one that was frozen, with others that have not noticed, while the rest has continued. */
    @Test
    void anotherKeeperHasFollowed_andItsGroupIsThere_allOfThisOneEnd() throws Exception {
        Map<Integer, Process> group = gather(2, 1);
        seek(GroupFile.NOBODY);
        try (Listener other = new Listener(
                new InetSocketAddress(HERE, 0), GroupSecret.none(), group.get(0).succession, notices::add)) {
            Files.writeString(
                    folder.resolve(GroupFile.NAME),
                    "keeper 7 127.0.0.1:1\nterm 5\nnext 9\nprocess 7 127.0.0.1:" + other.port() + "\n");
            together(List.copyOf(group.values()), Process::await);
        }
        group.values()
                .forEach(process -> assertThat(process.failures)
                        .singleElement()
                        .satisfies(failure -> assertThat(failure.message())
                                .contains("process 7 keeps the group now", "start its processes again")));
        assertThat(folder.resolve(GroupFile.NAME)).content().startsWith("keeper 7 ");
    }

    @Test
    void allAreLost_theFileSaysNothing() throws Exception {
        Map<Integer, Process> group = gather(2, 1);
        seek(GroupFile.NOBODY);
        group.values().forEach(SuccessionTest::crash);

        assertThat(file().seek(GroupFile.NOBODY)).isEmpty();
        assertThat(folder.resolve(GroupFile.NAME)).exists();
    }

    @Test
    void tooFewAreLeft_allHearIt() throws Exception {
        Map<Integer, Process> group = gather(3, 3);
        crash(group.remove(0));
        together(List.copyOf(group.values()), Process::await);

        assertThat(group.get(1).failures).hasSize(1);
        assertThat(group.get(2).failures)
                .singleElement()
                .satisfies(failure -> assertThat(failure.message())
                        .contains("the keeper of the group on ", " is gone, 2 of at least 3 processes are left"));
    }

    @Test
    void aClaim_whileTheKeeperIsAlive_isRefusedWhenTheGroupChanges() throws Exception {
        Map<Integer, Process> group = gather(3, 1);
        // Process 2 thinks that the keeper is gone; process 1 does not, until the keeper has given up process 2.
        CompletableFuture<Optional<NextGroup>> claim =
                CompletableFuture.supplyAsync(() -> group.get(2).succession.next("a cut cable"));
        group.get(2).monitor.abandon();
        together(List.of(group.get(0), group.get(1)), Process::await);

        assertThat(claim.get(20, TimeUnit.SECONDS)).isEmpty();
        assertThat(group.get(1).place.size()).isEqualTo(2);
    }

    /** As one that was frozen and wakes up: it must not keep a group of its own beside the others. */
    @Test
    void aClaim_whileNothingChanges_isGivenUp() throws Exception {
        Map<Integer, Process> group = gather(2, 1);
        Process stale = new Process(5, freePort(), 1);
        stale.succession.follow(Map.of(0, member(group.get(1))), 9);
        GroupFailure lost = new GroupFailure(0, "node0", "rank 0 is gone");
        stale.monitor = group.get(1).monitor;

        Succession.Outcome outcome = stale.succession.seek(lost);
        assertThat(outcome.next()).isNull();
        assertThat(outcome.reason().message()).contains("the group continues without it");
    }

    /** It accepts connections, as the kernel of its machine does, and says nothing. The others must not wait for it for long. */
    @Test
    void theKeeperIsLost_whileAnotherIsStopped_theNextOneBeginsInTime() throws Exception {
        try (ServerSocket stopped = new ServerSocket(0, 9, HERE)) {
            Process heir = new Process(1, freePort(), 1);
            heir.monitor = gather(2, 1).get(0).monitor;
            PeerMonitor.Member silent =
                    new PeerMonitor.Member(new InetSocketAddress(HERE, 0), "node2", 2, stopped.getLocalPort());
            heir.succession.follow(Map.of(0, member(heir), 1, silent), 0);
            Succession.Outcome outcome = CompletableFuture.supplyAsync(
                            () -> heir.succession.seek(new GroupFailure(0, "node0", "rank 0 is gone")))
                    .get(2 * PATIENCE.toSeconds() - 1, TimeUnit.SECONDS);
            assertThat(outcome.next()).extracting(NextGroup::size).isEqualTo(1);
        }
    }

    /** It has let the others wait, and is stopped before it can answer them: the one after it keeps the group. */
    @Test
    void theNextKeeperIsStopped_whileTheOthersWaitForIt_theOneAfterItFollows() throws Exception {
        List<SocketChannel> waiting = Collections.synchronizedList(new ArrayList<>());
        Listener.User stopped = new Listener.User() {
            @Override
            public Handshake.Answer answer(String request, Socket socket) {
                return Handshake.Answer.yes("node1");
            }

            @Override
            public void accepted(String request, SocketChannel channel) {
                waiting.add(channel);
            }
        };
        try (Listener silent =
                new Listener(new InetSocketAddress(HERE, 0), GroupSecret.none(), stopped, notices::add)) {
            Map<Integer, Process> left = gather(4, 1);
            PeerMonitor.Member heir = new PeerMonitor.Member(new InetSocketAddress(HERE, 0), "node1", 1, silent.port());
            Map<Integer, PeerMonitor.Member> roster =
                    Map.of(0, member(left.get(0)), 1, heir, 2, member(left.get(2)), 3, member(left.get(3)));
            left.get(2).succession.follow(roster, 0);
            left.get(3).succession.follow(roster, 0);
            crash(left.remove(0));
            crash(left.remove(1));
            together(List.copyOf(left.values()), Process::await);

            assertThat(waiting).hasSize(2);
            left.forEach((number, process) -> {
                assertThat(process.place.rank()).isEqualTo(number - 2);
                assertThat(process.place.size()).isEqualTo(2);
                assertThat(process.place.keeper()).isEqualTo(2);
            });
        }
    }

    private static PeerMonitor.Member member(Process process) {
        Place place = process.succession.standingBy(Place.of(0, 1, Place.SAME, 0));
        return new PeerMonitor.Member(new InetSocketAddress(HERE, 0), "node1", process.number, place.standbyPort());
    }
}
