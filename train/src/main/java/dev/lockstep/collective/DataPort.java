package dev.lockstep.collective;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.supervise.Connection;
import dev.lockstep.supervise.GroupFailure;
import dev.lockstep.supervise.Handshake;
import dev.lockstep.supervise.Listener;
import dev.lockstep.supervise.PeerMonitor;
import dev.lockstep.supervise.SupervisorAddress;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Accepts the data connections of the higher ranks while the group forms; the process connects to the lower
 * ranks itself. Closed as soon as all are connected: during a run nothing listens for data.
 */
final class DataPort implements Closeable {
    private static final String REQUEST = "data ";

    private final int rank;
    private final Terms terms;
    private final Map<Integer, CompletableFuture<SocketChannel>> higher = new HashMap<>();
    private final Listener listener;
    private boolean connected;

    /** @throws IOException when it cannot listen there */
    DataPort(int rank, int size, InetSocketAddress where, Terms terms) throws IOException {
        this.rank = rank;
        this.terms = terms;
        for (int peer = rank + 1; peer < size; peer++) {
            higher.put(peer, new CompletableFuture<>());
        }
        this.listener = new Listener(
                where, terms.secret(), new Higher(), terms.options().notices());
    }

    int port() {
        return listener.port();
    }

    private final class Higher implements Listener.User {
        @Override
        public Handshake.Answer answer(String request, Socket socket) {
            CompletableFuture<SocketChannel> expected = expected(request);
            return expected != null && !expected.isDone()
                    ? Handshake.Answer.yes("rank " + rank)
                    : Handshake.Answer.no("rank " + rank + " does not expect this connection: " + request);
        }

        @Override
        public void accepted(String request, SocketChannel channel) throws IOException {
            CompletableFuture<SocketChannel> expected = expected(request);
            if (expected == null || !expected.complete(channel)) {
                channel.close();
            }
        }

        private @Nullable CompletableFuture<SocketChannel> expected(String request) {
            return request.matches(REQUEST + "[0-9]{1,5}")
                    ? higher.get(Integer.parseInt(request.substring(REQUEST.length())))
                    : null;
        }
    }

    /**
     * Connects to each process of a group.
     *
     * @throws LockstepException of kind WORKER when one cannot be reached, or the group fails meanwhile
     */
    Map<Integer, SocketChannel> connect(Map<Integer, PeerMonitor.Member> roster, Watch watch) {
        watch.outcome().thenAccept(failure -> failure.ifPresent(this::refuse));
        Map<Integer, SocketChannel> channels = new HashMap<>();
        try {
            for (int peer = 0; peer < rank; peer++) {
                PeerMonitor.Member member = roster.get(peer);
                if (member == null) {
                    throw new IllegalStateException("rank " + peer + " is not among the members " + roster.keySet());
                }
                channels.put(peer, connect(peer, member, watch));
            }
            long deadline = System.nanoTime() + terms.options().joinTimeout().toNanos();
            higher.forEach((peer, channel) -> channels.put(peer, await(peer, channel, deadline - System.nanoTime())));
            connected = true;
            return channels;
        } finally {
            if (!connected) {
                channels.values().forEach(DataPort::closeQuietly);
            }
        }
    }

    private SocketChannel connect(int peer, PeerMonitor.Member member, Watch watch) {
        SupervisorAddress address = new SupervisorAddress(
                member.data().getAddress().getHostAddress(), member.data().getPort());
        return Connection.open(
                        () -> {
                            throwIfFailed(watch);
                            return address;
                        },
                        terms.secret(),
                        channel -> REQUEST + rank,
                        "rank " + peer,
                        terms.options().joinTimeout(),
                        terms.options().notices())
                .channel();
    }

    private static void throwIfFailed(Watch watch) {
        watch.outcome().getNow(Optional.empty()).ifPresent(failure -> {
            throw failure.asException();
        });
    }

    /** Releases the threads that wait for a connection. */
    private void refuse(GroupFailure failure) {
        higher.values().forEach(channel -> channel.completeExceptionally(failure.asException()));
    }

    private static void closeQuietly(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            // It counts as closed in any case.
        }
    }

    private static SocketChannel await(int peer, CompletableFuture<SocketChannel> channel, long nanos) {
        try {
            return channel.get(nanos, TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw LockstepException.worker(
                    "rank " + peer + " did not connect in time",
                    "while the processes connected to each other",
                    "see its log, and check that it can reach this machine (" + LocalAddress.INTERFACE
                            + " names the network interface)");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw LockstepException.worker(
                    "this thread was interrupted",
                    "while waiting for rank " + peer,
                    "join again if that was not meant");
        } catch (ExecutionException e) {
            throw e.getCause() instanceof LockstepException failure ? failure : new IllegalStateException(e);
        }
    }

    /** Stops listening. Connections that {@link #connect} has not returned are closed. */
    @Override
    public void close() {
        listener.close();
        if (!connected) {
            higher.values().forEach(channel -> {
                channel.cancel(false);
                if (!channel.isCompletedExceptionally()) {
                    closeQuietly(channel.join());
                }
            });
        }
    }
}
