package dev.lockstep.supervise;

import dev.lockstep.errors.LockstepException;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * A port of a group. It passes on connections that have proved the group's secret and closes all others; those that have
 * not proved it yet are bounded in number, and by {@link Handshake} in bytes and time, so that strangers consume little.
 */
public final class Listener implements Closeable {
    /** The user of accepted connections. */
    public interface User {
        /** Decides on a proved request; called once per connection, on its thread. */
        Handshake.Answer answer(String request, Socket socket);

        /** Takes ownership of a connection; called on its thread, and may keep it. */
        void accepted(String request, SocketChannel channel) throws IOException;
    }

    private static final int BACKLOG = 512;
    /** The most connections that have not proved the secret yet; one more closes the oldest. */
    private static final int UNPROVED = 64;

    private static final Duration PAUSE = Duration.ofMillis(100);

    private final ServerSocketChannel server;
    private final GroupSecret secret;
    private final User user;
    private final Consumer<String> notices;
    private final Deque<SocketChannel> unproved = new ArrayDeque<>();
    private final AtomicBoolean strangerSeen = new AtomicBoolean();
    private volatile boolean closed;

    /**
     * Listens.
     *
     * @param where port 0 chooses a free one
     * @param notices receives one line about the first stranger
     * @throws IOException when it cannot listen there
     */
    public Listener(InetSocketAddress where, GroupSecret secret, User user, Consumer<String> notices)
            throws IOException {
        this.secret = secret;
        this.user = user;
        this.notices = notices;
        this.server = ServerSocketChannel.open();
        try {
            server.bind(where, BACKLOG);
        } catch (IOException e) {
            server.close();
            throw e;
        }
        Threads.start("lockstep-listener@" + port(), this::listen);
    }

    public int port() {
        return server.socket().getLocalPort();
    }

    private void listen() {
        while (!closed) {
            try {
                SocketChannel channel = server.accept();
                begin(channel);
                Threads.start("lockstep-connection@" + port(), () -> serve(channel));
            } catch (IOException e) {
                if (!closed) {
                    // Most likely out of descriptors: those of strangers are released soon.
                    Threads.pause(PAUSE);
                }
            }
        }
    }

    private void begin(SocketChannel channel) throws IOException {
        synchronized (unproved) {
            unproved.addLast(channel);
            if (unproved.size() > UNPROVED) {
                unproved.removeFirst().close();
            }
        }
    }

    private void serve(SocketChannel channel) {
        InetAddress from = channel.socket().getInetAddress();
        try {
            Optional<String> request = prove(channel);
            if (request.isPresent()) {
                user.accepted(request.get(), channel);
                return;
            }
        } catch (IOException e) {
            stranger(from, String.valueOf(e.getMessage()));
        }
        closeQuietly(channel);
    }

    private Optional<String> prove(SocketChannel channel) throws IOException {
        try {
            return Handshake.accept(channel.socket(), secret, request -> user.answer(request, channel.socket()));
        } finally {
            synchronized (unproved) {
                unproved.remove(channel);
            }
        }
    }

    private void stranger(InetAddress from, String why) {
        if (!closed && strangerSeen.compareAndSet(false, true)) {
            notices.accept("refused a connection from " + from.getHostAddress() + " to port " + port() + ": " + why
                    + "; further ones are refused without notice");
        }
    }

    private static void closeQuietly(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            // It counts as closed in any case.
        }
    }

    /** Stops listening. Accepted connections stay open. */
    @Override
    public void close() {
        closed = true;
        try {
            server.close();
            synchronized (unproved) {
                unproved.forEach(Listener::closeQuietly);
            }
        } catch (IOException e) {
            throw LockstepException.worker(
                    "a port cannot be closed: " + e.getMessage(), "port = " + port(), "end the process");
        }
    }
}
