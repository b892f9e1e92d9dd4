package dev.lockstep.supervise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.supervise.PeerMonitor.Watcher;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How processes join a group, and what happens to strangers. */
@Tag("slow")
class JoiningTest extends SupervisorFixture {

    @Test
    void roster_reachesAll_whenTheLastHasCome() throws Exception {
        supervisor.close();
        supervisor = Supervisor.onLoopback(2, SECRET, LONG, recorder, notices::add);
        Connection elsewhere = Connection.open(
                supervisor::address,
                SECRET,
                channel -> new Place(1, 2, Place.SAME, 1234, 99, "node7").request(),
                "rank 0",
                LONG,
                line -> {});
        PeerMonitor early = PeerMonitor.over(elsewhere, 1, Watcher.launcher(LONG), new Ends(), () -> {}, null);
        assertThat(early.awaitRoster(Duration.ofMillis(50))).isEmpty();
        assertThat(supervisor.missing()).containsExactly(0);
        PeerMonitor late = PeerMonitor.over(connect(0, 2, 5678), 0, Watcher.launcher(LONG), new Ends(), () -> {}, null);
        InetAddress here = InetAddress.getLoopbackAddress();
        Map<Integer, PeerMonitor.Member> all = Map.of(
                0, new PeerMonitor.Member(new InetSocketAddress(here, 5678), HostName.own(), 0, 0),
                1, new PeerMonitor.Member(new InetSocketAddress(here, 1234), "node7", 1, 0));
        assertThat(early.awaitRoster(LONG)).contains(all);
        assertThat(late.awaitRoster(LONG)).contains(all);
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

    /** Nobody listens there; the thread must not try on. */
    @Test
    void interruptedJoin_endsAtOnce() {
        supervisor.close();
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        Thread joining = new Thread(() -> failure.complete(catchThrowable(() -> connect(1, SIZE, 0))));
        joining.start();
        joining.interrupt();
        assertThat(failure.orTimeout(20, TimeUnit.SECONDS).join())
                .isInstanceOf(LockstepException.class)
                .hasMessage("this thread was interrupted, while waiting for rank 0, join again if that was not meant");
    }

    @ParameterizedTest
    @ValueSource(strings = {"host:99999", "host", "host:", "host:1/token", "a b:1", "host:123456"})
    void address_ofAnotherForm_isRefused(String text) {
        assertThatThrownBy(() -> SupervisorAddress.parse(text))
                .isInstanceOf(LockstepException.class)
                .hasMessageStartingWith("LOCKSTEP_SUPERVISOR = " + text + " is not of the form host:port");
    }
}
