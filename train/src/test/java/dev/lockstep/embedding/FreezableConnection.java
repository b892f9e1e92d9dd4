package dev.lockstep.embedding;

import dev.lockstep.supervise.SupervisorAddress;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

/** A way to a supervisor on which, once frozen, nothing travels any more, as when a cable is cut. Takes one connection. */
final class FreezableConnection implements AutoCloseable {
    private final ServerSocket server;
    private final SupervisorAddress target;
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final CountDownLatch thawed = new CountDownLatch(1);
    private volatile boolean frozen;

    FreezableConnection(SupervisorAddress target) throws IOException {
        this.target = target;
        this.server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        start(this::accept);
    }

    SupervisorAddress address() {
        return new SupervisorAddress(server.getInetAddress().getHostAddress(), server.getLocalPort());
    }

    void freeze() {
        frozen = true;
    }

    private void accept() throws IOException {
        Socket near = keep(server.accept());
        Socket far = keep(new Socket(target.host(), target.port()));
        start(() -> pump(near, far));
        start(() -> pump(far, near));
    }

    private Socket keep(Socket socket) {
        sockets.add(socket);
        return socket;
    }

    private void pump(Socket from, Socket to) throws IOException, InterruptedException {
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream();
        for (int next = in.read(); next >= 0; next = in.read()) {
            if (frozen) {
                thawed.await();
            }
            out.write(next);
        }
        to.shutdownOutput();
    }

    private interface Body {
        void run() throws IOException, InterruptedException;
    }

    private static void start(Body body) {
        Thread thread = new Thread(
                () -> {
                    try {
                        body.run();
                    } catch (IOException | InterruptedException e) {
                        // One of the ends has closed.
                    }
                },
                "freezable-connection");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket socket : sockets) {
            socket.close();
        }
        thawed.countDown();
    }
}
