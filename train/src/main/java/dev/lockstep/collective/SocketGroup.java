package dev.lockstep.collective;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.supervise.FailureReport;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * P processes that are connected, each to each, by sockets whose ends have proved the group's secret. Messages go straight
 * from and to the memory of tensors.
 *
 * <p>There is no thread here. The thread that waits for a message moves all messages that can be moved meanwhile, on every
 * link; what it does not move while it computes, the system's buffers hold.
 *
 * <p>A failure is one line that names the other end. After it no call succeeds.
 */
final class SocketGroup {
    private static final int GATHER = 3;

    private final int rank;
    private final int size;
    private final int processesHere;
    private final Map<Integer, Link> links;
    private final Selector selector;
    private final Watch watch;
    private final Duration callTimeout;
    private final ReentrantLock turn = new ReentrantLock();
    private final AtomicBoolean told = new AtomicBoolean();
    private volatile boolean broken;

    /**
     * @param processesHere how many of the group run on this machine
     * @param links to every other rank, registered with the selector
     * @param callTimeout how long one message may take
     */
    SocketGroup(
            int rank,
            int size,
            int processesHere,
            Map<Integer, Link> links,
            Selector selector,
            Watch watch,
            Duration callTimeout) {
        this.rank = rank;
        this.size = size;
        this.processesHere = processesHere;
        this.links = Map.copyOf(links);
        this.selector = selector;
        this.watch = watch;
        this.callTimeout = callTimeout;
    }

    int rank() {
        return rank;
    }

    int size() {
        return size;
    }

    int processesHere() {
        return processesHere;
    }

    Duration callTimeout() {
        return callTimeout;
    }

    /** Where another process is, as this one reaches it. */
    InetAddress address(int peer) {
        return link(peer).address();
    }

    /** The own address on the way to another process. */
    InetAddress ownAddress(int peer) {
        return link(peer).ownAddress();
    }

    private Link link(int peer) {
        Link link = links.get(peer);
        if (link == null) {
            throw new IllegalArgumentException("rank = " + peer + ", own rank = " + rank + ", size = " + size);
        }
        return link;
    }

    /** Runs one collective call, from its first message to its last. Only one thread at a time may be in one. */
    <T extends @Nullable Object> T inTurn(Supplier<T> exchange) {
        if (!turn.tryLock()) {
            throw new IllegalStateException("two threads use one collective: the order of messages would be undefined");
        }
        try {
            if (broken) {
                throw LockstepException.worker("this process has left its group", "rank = " + rank, "it failed before");
            }
            return exchange.get();
        } finally {
            turn.unlock();
        }
    }

    /** Starts to send a message, whose data must not change until it is awaited. */
    void send(Message message) {
        Link link = link(message.peer());
        try {
            link.send(message);
        } catch (IOException e) {
            throw broken(e, link.peer(), "while sending to it");
        }
    }

    /** Starts to receive a message. Those of one peer and tag come in the order in which they were sent. */
    void receive(Message message) {
        link(message.peer()).receive(message);
    }

    /** Waits until a message has been sent or received. */
    void await(Message message) {
        Link waiting = link(message.peer());
        if (!message.isDone()) {
            advance(waiting);
        }
        long deadline = System.nanoTime() + callTimeout.toNanos();
        while (!message.isDone()) {
            long millis = (deadline - System.nanoTime()) / 1_000_000;
            if (millis <= 0) {
                throw broken(new IOException("timed out"), message.peer(), "while exchanging data with it");
            }
            select(millis);
        }
    }

    private void select(long millis) {
        try {
            links.values().forEach(Link::register);
            selector.select(millis);
            for (SelectionKey key : selector.selectedKeys()) {
                if (key.attachment() instanceof Link link) {
                    advance(link);
                }
            }
            selector.selectedKeys().clear();
        } catch (IOException | ClosedSelectorException | java.nio.channels.CancelledKeyException e) {
            throw broken(new IOException("this process has left its group", e), rank, "while waiting");
        }
    }

    private void advance(Link link) {
        try {
            link.advance();
        } catch (IOException e) {
            throw broken(e, link.peer(), "while exchanging data with it");
        }
    }

    /** The failure of a call, unless the watch knows better and ends this process. */
    private LockstepException broken(IOException cause, int peer, String where) {
        boolean first = !broken;
        broken = true;
        if (first) {
            watch.awaitVerdict();
        }
        return CommunicationFailure.of(cause, "rank " + peer, where);
    }

    /** Marks the group as broken by a failure outside of it, and waits a moment for the watch's verdict. */
    void fail() {
        broken = true;
        watch.awaitVerdict();
    }

    /** Every process's bytes, by rank. */
    List<byte[]> allGather(byte[] mine) {
        return inTurn(() -> {
            ByteBuffer length = ByteBuffer.allocateDirect(Integer.BYTES).putInt(0, mine.length);
            List<ByteBuffer> lengths = exchange(length, peer -> ByteBuffer.allocateDirect(Integer.BYTES));
            ByteBuffer bytes = ByteBuffer.allocateDirect(mine.length).put(0, mine);
            return exchange(
                            bytes,
                            peer -> ByteBuffer.allocateDirect(lengths.get(peer).getInt(0)))
                    .stream()
                    .map(SocketGroup::toArray)
                    .toList();
        });
    }

    private interface Buffers {
        ByteBuffer of(int peer);
    }

    /** Sends a buffer to all others and receives one of each, by rank. */
    private List<ByteBuffer> exchange(ByteBuffer mine, Buffers others) {
        List<ByteBuffer> all = new ArrayList<>();
        List<Message> messages = new ArrayList<>();
        for (int peer = 0; peer < size; peer++) {
            ByteBuffer buffer = peer == rank ? mine : others.of(peer);
            all.add(buffer);
            if (peer != rank) {
                Message message = new Message(peer, GATHER, buffer);
                receive(message);
                messages.add(message);
            }
        }
        for (int peer = 0; peer < size; peer++) {
            if (peer != rank) {
                Message message = new Message(peer, GATHER, mine.duplicate());
                send(message);
                messages.add(message);
            }
        }
        messages.forEach(this::await);
        return all;
    }

    private static byte[] toArray(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.limit()];
        buffer.get(0, bytes);
        return bytes;
    }

    /** Tells the others why this process cannot continue; from now on no call succeeds. Only the first failure counts. */
    void fail(Throwable cause) {
        broken = true;
        if (told.compareAndSet(false, true)) {
            watch.failed(FailureReport.words(cause));
        }
    }

    /**
     * Leaves the group: from now on no call succeeds. A call that another thread is in fails.
     *
     * @return whether nothing had failed and no call was under way: whether what messages refer to may be freed
     */
    boolean leave() {
        boolean idle = !broken && turn.tryLock();
        broken = true;
        try {
            if (idle) {
                watch.end();
            }
            links.values().forEach(Link::close);
            selector.close();
        } catch (IOException e) {
            // It is closed for us in any case.
        } finally {
            if (idle) {
                turn.unlock();
            }
        }
        return idle;
    }
}
