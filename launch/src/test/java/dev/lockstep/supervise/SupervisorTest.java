package dev.lockstep.supervise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.supervise.PeerMonitor.Watcher;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How processes of a group are watched. */
@Tag("slow")
class SupervisorTest extends SupervisorFixture {

    @Test
    void announce_reachesAllButCulprit() throws InterruptedException {
        Ends first = new Ends();
        Ends culprit = new Ends();
        Ends last = new Ends();
        joined(0, first);
        joined(1, culprit);
        joined(2, last);
        GroupFailure failure = GroupFailure.of(1, "node7", "was killed", List.of("one", "two"), "logs/rank-1.log");
        supervisor.announce(failure);
        String line = "rank 1 on node7 was killed, last log lines: one | two, see logs/rank-1.log";
        assertThat(first.message()).isEqualTo(line);
        assertThat(last.message()).isEqualTo(line);
        assertThat(culprit.messages).isEmpty();
    }

    /** A process that comes when it is over must not wait for the others. */
    @Test
    void announce_reachesThoseWhoJoinLater_andOnlyTheFirstFailureCounts() throws InterruptedException {
        supervisor.announce(new GroupFailure(1, "node7", "rank 1 on node7 was killed"));
        supervisor.announce(new GroupFailure(2, "node8", "rank 2 on node8 was killed"));
        Ends late = new Ends();
        PeerMonitor monitor = joined(0, late);
        assertThatThrownBy(() -> monitor.awaitRoster(LONG))
                .isInstanceOf(LockstepException.class)
                .hasMessage("rank 1 on node7 was killed");
        assertThat(late.message()).isEqualTo("rank 1 on node7 was killed");
        assertThat(monitor.outcome().orTimeout(20, TimeUnit.SECONDS).join())
                .contains(new GroupFailure(1, "node7", "rank 1 on node7 was killed"));
    }

    /** Those that leave because the group has failed are no culprits. */
    @Test
    void startedSupervisor_tellsAFailureItself_once_andThenReportsNoMore() throws Exception {
        supervisor.close();
        BlockingQueue<GroupFailure> failures = new LinkedBlockingQueue<>();
        supervisor = Supervisor.start(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                SIZE,
                SECRET,
                LONG,
                recorder,
                notices::add,
                failures::add);
        Ends victim = new Ends();
        PeerMonitor monitor = joined(0, victim);
        raw(1).close();
        assertThat(victim.message()).startsWith("rank 1 on " + HostName.own() + " ended without deregistering");
        monitor.abandon();
        assertThat(failures.poll(10, TimeUnit.SECONDS)).isNotNull();
        assertThat(events.poll(10, TimeUnit.SECONDS)).isEqualTo("lost 1");
        assertThat(events.poll(300, TimeUnit.MILLISECONDS)).isNull();
        assertThat(failures).isEmpty();
    }

    /** The calls that wait must not pay for a bug of the caller's. */
    @Test
    void policyThatThrows_settlesTheOutcomeAllTheSame() {
        PeerMonitor monitor = joined(0, failure -> {
            throw new IllegalStateException("a policy that throws, as this test wants it");
        });
        supervisor.announce(new GroupFailure(1, "node7", "rank 1 on node7 was killed"));
        assertThat(monitor.outcome().orTimeout(10, TimeUnit.SECONDS).join())
                .contains(new GroupFailure(1, "node7", "rank 1 on node7 was killed"));
    }

    @Test
    void closedSupervisor_endsProcess() throws InterruptedException {
        Ends ends = new Ends();
        joined(0, ends);
        supervisor.close();
        assertThat(ends.message()).startsWith("the supervisor of this group was closed, address = 127.0.0.1:");
    }

    @Test
    void vanishedProcess_isLostOnce() throws IOException, InterruptedException {
        Socket process = raw(3);
        process.close();
        assertThat(events.poll(10, TimeUnit.SECONDS)).isEqualTo("lost 3");
        assertThat(events.poll(50, TimeUnit.MILLISECONDS)).isNull();
    }

    @Test
    @Timeout(30)
    void processThatTakesLeave_isNotLost() throws IOException, InterruptedException {
        joined(4, new Ends()).close();
        while (!supervisor.hasLeft(4)) {
            Thread.onSpinWait();
        }
        raw(5).close();
        assertThat(events.poll(10, TimeUnit.SECONDS)).isEqualTo("lost 5");
        assertThat(events.poll(50, TimeUnit.MILLISECONDS)).isNull();
        assertThat(supervisor.hasLeft(5)).isFalse();
    }

    @Test
    void processWithoutHeartbeat_isSilent_whileOneWithIsNot() throws IOException, InterruptedException {
        supervisor.close();
        supervisor = Supervisor.onLoopback(SIZE, SECRET, Duration.ofSeconds(3), recorder, notices::add);
        join(0, new Ends());
        // Kept in a variable: the collector closes a socket that nobody holds.
        try (var mute = raw(1)) {
            assertThat(events.poll(20, TimeUnit.SECONDS)).isEqualTo("silent 1");
            assertThat(events.poll(1500, TimeUnit.MILLISECONDS)).isNull();
            assertThat(mute).isNotNull();
        }
    }

    /** A lost heartbeat or two must not look like silence. */
    @ParameterizedTest
    @CsvSource({"1, 250", "2, 500", "4, 1000", "30, 1000"})
    void heartbeats_comeFourTimesWithinTheTimeout(long seconds, long millis) {
        Duration timeout = Duration.ofSeconds(seconds);
        assertThat(Watcher.launcher(timeout).period()).isEqualTo(Duration.ofMillis(millis));
        assertThat(Watcher.rankZero("node0", timeout).period()).isEqualTo(Duration.ofMillis(millis));
    }

    /** A data error, say: the process is gone when it is reported, but its words say more than that. */
    @Test
    void failedProcess_isReportedWithItsWords_notAsLost() throws IOException, InterruptedException {
        joined(0, new Ends());
        try (Socket failing = raw(3)) {
            send(failing, "FAIL truncated image, file = x.jpg, replace it\n");
        }
        assertThat(events.poll(10, TimeUnit.SECONDS)).isEqualTo("failed 3: truncated image, file = x.jpg, replace it");
        assertThat(supervisor.words(3)).contains("truncated image, file = x.jpg, replace it");
        assertThat(supervisor.words(0)).isEmpty();
        assertThat(events.poll(50, TimeUnit.MILLISECONDS)).isNull();
    }

    /** It has its own words and its own exit code. */
    @Test
    void processThatFailed_isNotEndedByAnother() throws InterruptedException {
        Ends ends = new Ends();
        PeerMonitor failing = joined(3, ends);
        Ends other = new Ends();
        joined(0, other);
        failing.fail("diverged");
        supervisor.announce(new GroupFailure(1, "node7", "rank 1 is to blame"));
        assertThat(other.message()).isEqualTo("rank 1 is to blame");
        supervisor.close();
        failing.awaitVerdict();
        assertThat(ends.messages).isEmpty();
    }

    /** Processes that find the same fault say so themselves: whoever watches waits for them before it tells the others. */
    @Test
    void awaitEndings_endsEarlyWhenAllHaveTold() throws InterruptedException {
        PeerMonitor first = joined(0, new Ends());
        PeerMonitor second = joined(1, new Ends());
        first.fail("diverged");
        second.fail("diverged");
        while (supervisor.words(0).isEmpty() || supervisor.words(1).isEmpty()) {
            Thread.onSpinWait();
        }
        supervisor.awaitEndings();
        assertThat(events).as("before the grace is over").isEmpty();
    }

    /** Lines that make no sense harm nobody, not even the thread that reads them. */
    @Test
    void malformedLines_areIgnored() throws IOException, InterruptedException {
        try (Connection process = connect(3, SIZE, 0)) {
            send(process.socket(), "PORT x\nFAILED\nFAIL\n\u001b[2J\n\nBEAT BEAT\nFAIL at last\n");
            assertThat(events.poll(10, TimeUnit.SECONDS)).isEqualTo("failed 3: at last");
        }
    }

    @Test
    void supervisorThatIsDismissed_leavesProcessesAlone() throws InterruptedException {
        Ends ends = new Ends();
        PeerMonitor monitor = joined(0, ends);
        supervisor.dismiss();
        monitor.awaitVerdict();
        assertThat(ends.messages).isEmpty();
    }

    @Test
    void supervisorThatVanishes_endsProcess() throws Exception {
        try (ServerSocket fake = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Ends ends = new Ends();
            Connection connection = connect(fake);
            PeerMonitor.over(connection, 1, Watcher.launcher(LONG), ends, () -> {}, null);
            accepted.remove().close();
            assertThat(ends.message()).startsWith("the launcher of this run is gone");
        }
    }

    /** Rank 0 of a group without our launcher is watched by the others: nobody else would see that it is stopped. */
    @Test
    void supervisorThatFallsSilent_endsProcess_unlessItIsALauncher() throws Exception {
        try (ServerSocket fake = new ServerSocket(0, 2, InetAddress.getLoopbackAddress())) {
            Ends watching = new Ends();
            Ends patient = new Ends();
            Connection first = connect(fake);
            Connection second = connect(fake);
            PeerMonitor.over(first, 1, Watcher.rankZero("node0", Duration.ofSeconds(1)), watching, () -> {}, null);
            PeerMonitor.over(second, 1, Watcher.launcher(LONG), patient, () -> {}, null);
            assertThat(watching.message()).startsWith("rank 0 on node0 gave no sign of life for 1 s, ");
            assertThat(patient.messages).isEmpty();
            for (Socket socket : accepted) {
                socket.close();
            }
        }
    }

    @Test
    void supervisorInRankZero_thatVanishes_isNamedAsRankZero() throws Exception {
        try (ServerSocket fake = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Ends ends = new Ends();
            Connection connection = connect(fake);
            PeerMonitor.over(connection, 1, Watcher.rankZero("node0", LONG), ends, () -> {}, null);
            accepted.remove().close();
            assertThat(ends.message())
                    .isEqualTo("rank 0 on node0 ended without deregistering, its launcher has its exit status and its"
                            + " log, look there, then start all processes again");
        }
    }

    @Test
    void supervisorThatBeats_isNotSilent() throws InterruptedException {
        Ends ends = new Ends();
        PeerMonitor.over(
                connect(1, SIZE, 0), 1, Watcher.rankZero("node0", Duration.ofSeconds(2)), ends, () -> {}, null);
        assertThat(ends.messages.poll(3500, TimeUnit.MILLISECONDS)).isNull();
    }

    @Test
    void unreachableSupervisor_isAWorkerFailure() throws IOException {
        // A port that is taken and does not listen: one that is merely free could be taken by another process
        // meanwhile.
        try (Socket deaf = new Socket()) {
            deaf.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            SupervisorAddress nowhere =
                    new SupervisorAddress(deaf.getLocalAddress().getHostAddress(), deaf.getLocalPort());
            assertThatThrownBy(() -> Connection.open(
                            () -> nowhere, SECRET, channel -> "", "rank 0", Duration.ofMillis(500), line -> {}))
                    .isInstanceOfSatisfying(
                            LockstepException.class,
                            e -> assertThat(e.exitCode()).isEqualTo(4))
                    .hasMessageStartingWith("rank 0 cannot be reached: Connection refused, address = " + nowhere);
        }
    }

    /** The other ends of connections to a supervisor that the test plays. */
    private final Queue<Socket> accepted = new ArrayDeque<>();

    private Connection connect(ServerSocket fake) throws Exception {
        CompletableFuture<Connection> connecting =
                CompletableFuture.supplyAsync(() -> connect(at(fake), SECRET, 1, SIZE, 0));
        Socket socket = fake.accept();
        Handshake.accept(socket, SECRET, request -> Handshake.Answer.yes("node0"));
        accepted.add(socket);
        return connecting.get(10, TimeUnit.SECONDS);
    }

    private Socket raw(int rank) throws InterruptedException {
        Connection connection = connect(rank, SIZE, 0);
        while (!supervisor.hasJoined(rank)) {
            Thread.sleep(1);
        }
        return connection.socket();
    }
}
