package dev.lockstep.supervise;

import dev.lockstep.errors.LockstepException;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An authenticated connection of a group, on the connecting side.
 *
 * @param reply the listener's answer to the request
 */
public record Connection(SocketChannel channel, String reply) implements Closeable {
    /** Creates the request, once the connection is open and its local address is known. */
    public interface Request {
        String on(SocketChannel channel) throws IOException;
    }

    /** When to report the wait for the first time; each later notice comes after twice the time. */
    private static final Duration FIRST_NOTICE = Duration.ofSeconds(5);

    private static final Duration PAUSE = Duration.ofMillis(200);
    /** How long a program that accepts connections but stays silent may count as a busy Lockstep process. */
    private static final int SILENT_TRIES = 3;

    private static final int CONNECT_MILLIS = 10_000;

    /**
     * Connects; retries while nobody listens at the address or its name is unknown.
     *
     * @param where queried before each try
     * @param who the other end, for messages: {@code rank 0}
     * @param patience how long to try
     * @param notices receives a line after five seconds
     * @throws LockstepException of kind WORKER when nobody answers in time or this thread is interrupted, of kind
     *     RECIPE when another program answers or the request is refused
     */
    public static Connection open(
            Supplier<SupervisorAddress> where,
            GroupSecret secret,
            Request request,
            String who,
            Duration patience,
            Consumer<String> notices) {
        long started = System.nanoTime();
        Duration nextNotice = FIRST_NOTICE;
        for (int silent = 0; ; ) {
            if (Thread.currentThread().isInterrupted()) {
                throw interrupted(who);
            }
            SupervisorAddress address = where.get();
            Attempt attempt = attempt(address, secret, request);
            if (attempt.connection != null) {
                return attempt.connection;
            }
            Duration spent = Duration.ofNanos(System.nanoTime() - started);
            silent += attempt.silent ? 1 : 0;
            if (spent.compareTo(patience) > 0 || silent == SILENT_TRIES) {
                throw LockstepException.worker(
                        who + " cannot be reached: " + attempt.why,
                        "address = " + address,
                        "check that it is running and that this machine can reach that address");
            }
            if (spent.compareTo(nextNotice) > 0) {
                nextNotice = nextNotice.multipliedBy(2);
                notices.accept("waiting for " + who + " at " + address + ": " + attempt.why + hint(address));
            }
            Threads.pause(PAUSE);
        }
    }

    private static String hint(SupervisorAddress address) {
        boolean here;
        try {
            here = InetAddress.getByName(address.host()).isLoopbackAddress();
        } catch (UnknownHostException e) {
            return "; it may not have started yet, or give an address that every machine knows";
        }
        return here
                ? "; that is this machine itself: if it runs on another one, give an address of that one"
                : "; it may not have started yet, or a firewall or another network interface is in the way";
    }

    /** The failure of a thread that was interrupted while waiting for another process; it stays interrupted. */
    static LockstepException interrupted(String who) {
        Thread.currentThread().interrupt();
        return LockstepException.worker(
                "this thread was interrupted", "while waiting for " + who, "join again if that was not meant");
    }

    private record Attempt(@Nullable Connection connection, String why, boolean silent) {}

    private static Attempt attempt(SupervisorAddress address, GroupSecret secret, Request request) {
        SocketChannel channel = null;
        boolean done = false;
        try {
            channel = SocketChannel.open();
            InetSocketAddress target = new InetSocketAddress(InetAddress.getByName(address.host()), address.port());
            channel.socket().connect(target, CONNECT_MILLIS);
            if (isItself(channel)) {
                return new Attempt(null, "nobody listens there", false);
            }
            Socket socket = channel.socket();
            String reply = Handshake.request(socket, secret, request.on(channel), "address = " + address);
            done = true;
            return new Attempt(new Connection(channel, reply), "", false);
        } catch (Handshake.Stranger e) {
            throw LockstepException.recipe(
                    e.getMessage() + " at " + address,
                    "address = " + address,
                    "choose another port for all processes, or end that program");
        } catch (UnknownHostException e) {
            return new Attempt(null, address.host() + " cannot be resolved", false);
        } catch (SocketTimeoutException e) {
            boolean connected = channel != null && channel.isConnected();
            return new Attempt(null, connected ? "it accepts connections but does not answer" : "no answer", connected);
        } catch (IOException e) {
            return new Attempt(null, String.valueOf(e.getMessage()), false);
        } finally {
            if (!done && channel != null) {
                close(channel);
            }
        }
    }

    /** If nobody listens on a local port, TCP can connect a socket to itself. */
    private static boolean isItself(SocketChannel channel) throws IOException {
        return channel.getLocalAddress().equals(channel.getRemoteAddress());
    }

    private static void close(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            // It counts as closed in any case.
        }
    }

    Socket socket() {
        return channel.socket();
    }

    @Override
    public void close() {
        close(channel);
    }
}
