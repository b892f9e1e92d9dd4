package dev.lockstep.supervise;

import java.io.IOException;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;

/** A supervisor for a group of six, what it reports, and connections to it. */
abstract class SupervisorFixture {

    static final Duration LONG = Duration.ofSeconds(60);
    static final int SIZE = 6;
    static final GroupSecret SECRET = GroupSecret.none();

    final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    final BlockingQueue<String> notices = new LinkedBlockingQueue<>();
    final Consumer<MemberEvent> recorder = event -> {
        switch (event.what()) {
            case LOST -> events.add("lost " + event.rank());
            case SILENT -> events.add("silent " + event.rank());
            case FAILED -> events.add("failed " + event.rank() + ": " + event.detail());
            case JOINED, COMPLETE, LEFT -> {}
        }
    };
    Supervisor supervisor = Supervisor.onLoopback(SIZE, SECRET, LONG, recorder, notices::add);

    @AfterEach
    void close() {
        supervisor.close();
    }

    /** Joins and waits until the supervisor knows it. */
    PeerMonitor joined(int rank, FailurePolicy policy) {
        PeerMonitor monitor = join(rank, policy);
        while (!supervisor.hasJoined(rank)) {
            Thread.onSpinWait();
        }
        return monitor;
    }

    Connection connect(int rank, int size, int port) {
        return connect(SECRET, rank, size, port);
    }

    Connection connect(GroupSecret secret, int rank, int size, int port) {
        return connect(supervisor.address(), secret, rank, size, port);
    }

    static Connection connect(SupervisorAddress address, GroupSecret secret, int rank, int size, int port) {
        return Connection.open(
                () -> address,
                secret,
                channel -> Place.of(rank, size, Place.SAME, port).request(),
                "rank 0",
                LONG,
                line -> {});
    }

    static SupervisorAddress at(ServerSocket socket) {
        return new SupervisorAddress(socket.getInetAddress().getHostAddress(), socket.getLocalPort());
    }

    Socket stranger() throws IOException {
        SupervisorAddress address = supervisor.address();
        return new Socket(address.host(), address.port());
    }

    static void send(Socket socket, String text) throws IOException {
        OutputStream out = socket.getOutputStream();
        out.write(text.getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    /** Notes the failures. */
    static final class Ends implements FailurePolicy {
        final BlockingQueue<String> messages = new LinkedBlockingQueue<>();

        @Override
        public void onFailure(GroupFailure failure) {
            messages.add(failure.message());
        }

        String message() throws InterruptedException {
            return messages.poll(10, TimeUnit.SECONDS);
        }
    }

    PeerMonitor join(int rank, FailurePolicy policy) {
        return PeerMonitor.over(
                connect(rank, SIZE, 0), rank, PeerMonitor.Watcher.rankZero("node0", LONG), policy, () -> {}, null);
    }
}
