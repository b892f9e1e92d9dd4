package dev.lockstep.supervise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.supervise.PeerMonitor.Watcher;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SupervisorTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final int SIZE = 6;
    private static final GroupSecret SECRET = GroupSecret.none();

    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> notices = new LinkedBlockingQueue<>();
    private final Supervisor.Events recorder = new Supervisor.Events() {
        @Override
        public void lost(int rank, String host) {
            events.add("lost " + rank);
        }

        @Override
        public void silent(int rank, String host) {
            events.add("silent " + rank);
        }

        @Override
        public void failed(int rank, String host, String words) {
            events.add("failed " + rank + ": " + words);
        }

        @Override
        public void notice(String line) {
            notices.add(line);
        }
    };
    private Supervisor supervisor = Supervisor.onLoopback(SIZE, SECRET, LONG, recorder);

    @AfterEach
    void close() {
        supervisor.close();
    }

    @Test
    void announce_reachesAllButCulprit() throws InterruptedException {
        Ends first = new Ends();
        Ends culprit = new Ends();
        Ends last = new Ends();
        joined(0, first);
        joined(1, culprit);
        joined(2, last);
        FailureReport report = new FailureReport(1, "node7", "was killed", List.of("one", "two"), "logs/rank-1.log");
        supervisor.announce(1, report.line());
        String line = "rank 1 on node7 was killed, last log lines: one | two, see logs/rank-1.log";
        assertThat(first.message()).isEqualTo(line);
        assertThat(last.message()).isEqualTo(line);
        assertThat(culprit.messages).isEmpty();
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
        supervisor = Supervisor.onLoopback(SIZE, SECRET, Duration.ofSeconds(3), recorder);
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
        supervisor.announce(1, "rank 1 is to blame");
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

    @Test
    void roster_reachesAll_whenTheLastHasCome() throws Exception {
        supervisor.close();
        supervisor = Supervisor.onLoopback(2, SECRET, LONG, recorder);
        PeerMonitor early = PeerMonitor.over(connect(1, 2, 1234), Watcher.launcher(LONG), new Ends());
        assertThatThrownBy(() -> early.awaitRoster(Duration.ofMillis(50)))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(4))
                .hasMessageStartingWith("some processes did not come");
        assertThat(supervisor.missing()).containsExactly(0);
        PeerMonitor late = PeerMonitor.over(connect(0, 2, 5678), Watcher.launcher(LONG), new Ends());
        InetAddress here = InetAddress.getLoopbackAddress();
        Map<Integer, InetSocketAddress> all =
                Map.of(0, new InetSocketAddress(here, 5678), 1, new InetSocketAddress(here, 1234));
        assertThat(early.awaitRoster(LONG)).isEqualTo(all);
        assertThat(late.awaitRoster(LONG)).isEqualTo(all);
    }

    @Test
    void missingProcesses_areSaidAfterTenSeconds() throws InterruptedException {
        joined(2, new Ends());
        assertThat(notices.poll(30, TimeUnit.SECONDS))
                .isEqualTo("waiting for 5 of 6 processes, missing rank = 0, 1, 3, 4, 5");
    }

    @Test
    void stranger_isNotHeard_andNoticedOnce() throws IOException, InterruptedException {
        for (int i = 0; i < 3; i++) {
            try (Socket stranger = stranger()) {
                send(stranger, "0123 4567 join 1 6 - 0 1 evil\n");
                assertThat(new String(stranger.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                        .matches("LOCKSTEP/1 [0-9a-f]{32}\nNO the group's secret was not proved\n");
            }
        }
        assertThat(notices.poll(10, TimeUnit.SECONDS))
                .startsWith("refused a connection from 127.0.0.1 to port "
                        + supervisor.address().port());
        assertThat(notices.poll(50, TimeUnit.MILLISECONDS)).isNull();
        assertThat(events).isEmpty();
        assertThat(supervisor.hasJoined(1)).isFalse();
    }

    /** A process that knows another secret, or none, is a stranger, and hears why. */
    @Test
    void otherSecret_isRefusedInWords() throws IOException {
        Path file = GroupSecret.create();
        GroupSecret other = GroupSecret.from(Map.of(GroupSecret.VARIABLE, file.toString()));
        Files.delete(file);
        assertThatThrownBy(() -> connect(other, 1, SIZE, 0))
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.exitCode()).isEqualTo(2))
                .hasMessageStartingWith("the group's secret was not proved, address = 127.0.0.1:")
                .hasMessageContaining("the same LOCKSTEP_GROUP_SECRET");
    }

    /** The other way round: who answers at the supervisor's address must know the secret, too. */
    @Test
    void falseSupervisor_isNotBelieved() throws Exception {
        try (ServerSocket fake = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            CompletableFuture<Void> answering = CompletableFuture.runAsync(() -> {
                try (Socket socket = fake.accept()) {
                    send(socket, "LOCKSTEP/1 00\nOK 0123 node0\n");
                    socket.getInputStream().readAllBytes();
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            assertThatThrownBy(() -> connect(at(fake), SECRET, 1, 2, 0))
                    .hasMessageStartingWith("the other end did not prove the group's secret");
            answering.get(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void endlessFirstLine_isCutOff() throws IOException {
        try (Socket stranger = stranger()) {
            byte[] flood = new byte[64 * 1024];
            java.util.Arrays.fill(flood, (byte) 'x');
            assertThatThrownBy(() -> {
                        for (int i = 0; i < 1000; i++) {
                            stranger.getOutputStream().write(flood);
                        }
                    })
                    .as("64 MB were read")
                    .isInstanceOf(IOException.class);
        }
    }

    /** A byte now and then keeps no connection: the limit is on the whole handshake. */
    @Test
    void slowFirstLine_isCutOff() throws Exception {
        try (Socket stranger = stranger()) {
            long started = System.nanoTime();
            boolean open = true;
            while (open && System.nanoTime() - started < LONG.toNanos()) {
                open = dribble(stranger);
                Thread.sleep(500);
            }
            assertThat(open).isFalse();
        }
    }

    private static boolean dribble(Socket socket) {
        try {
            send(socket, "x");
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void manyStrangers_doNotKeepAProcessOut() throws IOException, InterruptedException {
        List<Socket> strangers = new ArrayList<>();
        try {
            for (int i = 0; i < 300; i++) {
                strangers.add(stranger());
            }
            joined(4, new Ends());
            assertThat(supervisor.hasJoined(4)).isTrue();
        } finally {
            for (Socket stranger : strangers) {
                stranger.close();
            }
        }
    }

    @Test
    void rankThatIsTaken_isRefused_andTheFirstStays() throws InterruptedException {
        joined(3, new Ends());
        assertThatThrownBy(() -> connect(3, SIZE, 0)).hasMessageStartingWith("rank 3 is taken by process ");
        assertThat(notices.poll(10, TimeUnit.SECONDS)).contains("rank 3 is taken by process ");
        assertThat(supervisor.hasJoined(3)).isTrue();
        assertThat(events.poll(50, TimeUnit.MILLISECONDS)).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "join",
                "join 1 6",
                "join 9 6 - 0 1 host",
                "join -1 6 - 0 1 host",
                "join 1 6 - 99999 1 host",
                "data 0",
                "join 99999999999 6 - 0 1 host",
                "join 1 6 - 0 1 a host"
            })
    void requestThatIsNone_isRefused(String request) {
        assertThatThrownBy(() ->
                        Connection.open(supervisor::address, SECRET, channel -> request, "rank 0", LONG, line -> {}))
                .hasMessageStartingWith("this is the port of a group's supervisor");
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
    void supervisorThatTakesLeave_leavesProcessesAlone() throws InterruptedException {
        Ends ends = new Ends();
        PeerMonitor monitor = joined(0, ends);
        supervisor.close();
        monitor.awaitVerdict();
        assertThat(ends.messages).isEmpty();
    }

    @Test
    void supervisorThatVanishes_endsProcess() throws Exception {
        try (ServerSocket fake = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Ends ends = new Ends();
            Connection connection = connect(fake);
            PeerMonitor.over(connection, Watcher.launcher(LONG), ends);
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
            PeerMonitor.over(first, Watcher.rankZero("node0", Duration.ofSeconds(1)), watching);
            PeerMonitor.over(second, Watcher.launcher(LONG), patient);
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
            PeerMonitor.over(connection, Watcher.rankZero("node0", LONG), ends);
            accepted.remove().close();
            assertThat(ends.message())
                    .isEqualTo(
                            "rank 0 on node0 ended without taking leave, its exit status and its log are with whoever"
                                    + " started it, see there, then start all again");
        }
    }

    @Test
    void supervisorThatBeats_isNotSilent() throws InterruptedException {
        Ends ends = new Ends();
        PeerMonitor.over(connect(1, SIZE, 0), Watcher.rankZero("node0", Duration.ofSeconds(2)), ends);
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

    @ParameterizedTest
    @ValueSource(strings = {"host:99999", "host", "host:", "host:1/token", "a b:1", "host:123456"})
    void address_ofAnotherForm_isRefused(String text) {
        assertThatThrownBy(() -> SupervisorAddress.parse(text))
                .isInstanceOf(LockstepException.class)
                .hasMessageStartingWith("LOCKSTEP_SUPERVISOR = " + text + " is not of the form host:port");
    }

    private PeerMonitor join(int rank, PeerMonitor.Ending ending) {
        return PeerMonitor.over(connect(rank, SIZE, 0), Watcher.rankZero("node0", LONG), ending);
    }

    /** Joins and waits until the supervisor knows it. */
    private PeerMonitor joined(int rank, PeerMonitor.Ending ending) {
        PeerMonitor monitor = join(rank, ending);
        while (!supervisor.hasJoined(rank)) {
            Thread.onSpinWait();
        }
        return monitor;
    }

    private Connection connect(int rank, int size, int port) {
        return connect(SECRET, rank, size, port);
    }

    private Connection connect(GroupSecret secret, int rank, int size, int port) {
        return connect(supervisor.address(), secret, rank, size, port);
    }

    private static Connection connect(SupervisorAddress address, GroupSecret secret, int rank, int size, int port) {
        return Connection.open(
                () -> address,
                secret,
                channel -> Place.of(rank, size, Place.SAME, port).request(),
                "rank 0",
                LONG,
                line -> {});
    }

    private static SupervisorAddress at(ServerSocket socket) {
        return new SupervisorAddress(socket.getInetAddress().getHostAddress(), socket.getLocalPort());
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

    private Socket stranger() throws IOException {
        SupervisorAddress address = supervisor.address();
        return new Socket(address.host(), address.port());
    }

    private Socket raw(int rank) throws InterruptedException {
        Connection connection = connect(rank, SIZE, 0);
        while (!supervisor.hasJoined(rank)) {
            Thread.sleep(1);
        }
        return connection.socket();
    }

    private static void send(Socket socket, String text) throws IOException {
        OutputStream out = socket.getOutputStream();
        out.write(text.getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    /** How a process of the test ends: it does not, it notes the message. */
    private static final class Ends implements PeerMonitor.Ending {
        private final BlockingQueue<String> messages = new LinkedBlockingQueue<>();

        @Override
        public void end(String message) {
            messages.add(message);
        }

        String message() throws InterruptedException {
            return messages.poll(10, TimeUnit.SECONDS);
        }
    }
}
