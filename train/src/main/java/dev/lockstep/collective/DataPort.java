package dev.lockstep.collective;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.supervise.Connection;
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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Where a process takes the data connections of the higher ranks while the group comes together; it connects to the lower
 * ones itself. Closed as soon as all are connected: during a run nothing listens for data.
 */
final class DataPort implements Closeable {
    private static final String REQUEST = "data ";

    private final int rank;
    private final Terms terms;
    private final Map<Integer, CompletableFuture<SocketChannel>> higher = new HashMap<>();
    private final Listener listener;

    /** @throws IOException when it cannot listen there */
    DataPort(int rank, int size, InetSocketAddress where, Terms terms) throws IOException {
        this.rank = rank;
        this.terms = terms;
        for (int peer = rank + 1; peer < size; peer++) {
            higher.put(peer, new CompletableFuture<>());
        }
        this.listener = new Listener(where, terms.secret(), new Higher(), terms.notices());
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

    /** Connects to each process of a group. */
    Map<Integer, SocketChannel> connect(Map<Integer, PeerMonitor.Member> roster) {
        Map<Integer, SocketChannel> channels = new HashMap<>();
        for (int peer = 0; peer < rank; peer++) {
            PeerMonitor.Member member = roster.get(peer);
            if (member == null) {
                throw new IllegalStateException("rank " + peer + " is not among the members " + roster.keySet());
            }
            SupervisorAddress address = new SupervisorAddress(
                    member.data().getAddress().getHostAddress(), member.data().getPort());
            channels.put(
                    peer,
                    Connection.open(
                                    () -> address,
                                    terms.secret(),
                                    channel -> REQUEST + rank,
                                    "rank " + peer,
                                    terms.joinTimeout(),
                                    terms.notices())
                            .channel());
        }
        long deadline = System.nanoTime() + terms.joinTimeout().toNanos();
        higher.forEach((peer, channel) -> channels.put(peer, await(peer, channel, deadline - System.nanoTime())));
        return channels;
    }

    private static SocketChannel await(int peer, CompletableFuture<SocketChannel> channel, long nanos) {
        try {
            return channel.get(nanos, TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw LockstepException.worker(
                    "rank " + peer + " did not connect in time",
                    "while the processes connected to each other",
                    "see its log, and whether it can reach this machine (" + LocalAddress.INTERFACE
                            + " names the network interface)");
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException("interrupted while the group came together", e);
        }
    }

    @Override
    public void close() {
        listener.close();
    }
}
