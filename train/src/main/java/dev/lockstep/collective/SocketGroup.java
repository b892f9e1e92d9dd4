package dev.lockstep.collective;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.supervise.GroupFailure;
import dev.lockstep.supervise.NextGroup;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * P fully connected processes, over sockets whose ends have proved the group's secret. Messages go directly
 * from and to the memory of tensors.
 *
 * <p>There is no separate thread. A thread that waits for a message transfers all messages that are ready meanwhile,
 * on every link; while it computes, the system's buffers hold incoming data.
 *
 * <p>A failure is one line that names the process to blame. After it no call succeeds. When the watch reports one, the
 * connections close, which releases a waiting thread.
 */
final class SocketGroup {
    private static final int GATHER = 3;
    private static final String EXCHANGING = "while exchanging data with it";
    /** The longest time until a call notices that its connections are closed. */
    private static final Duration FREED = Duration.ofSeconds(1);

    private final int rank;
    private final int size;
    private final int processesHere;
    private final Map<Integer, Link> links;
    private final Selector selector;
    private final Watch watch;
    private final Duration callTimeout;
    private final ReentrantLock turn = new ReentrantLock();
    private final AtomicBoolean told = new AtomicBoolean();
    private final AtomicBoolean left = new AtomicBoolean();
    private volatile boolean broken;
    /** The failure that the watch reported. */
    private volatile @Nullable GroupFailure failure;

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
        watch.outcome().thenAccept(outcome -> outcome.ifPresent(this::abort));
    }

    /** The group has failed elsewhere: releases waiting threads. */
    private void abort(GroupFailure reported) {
        failure = reported;
        broken = true;
        closeLinks();
    }

    private void closeLinks() {
        try {
            links.values().forEach(Link::close);
            selector.close();
        } catch (IOException e) {
            // It counts as closed in any case.
        }
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

    /** The address at which this process reaches another one. */
    InetAddress address(int peer) {
        return link(peer).address();
    }

    /** The local address on the route to another process. */
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

    /** Runs one collective call, from its first message to its last. Only one thread at a time may make one. */
    <T extends @Nullable Object> T inTurn(Supplier<T> exchange) {
        if (!turn.tryLock()) {
            throw new IllegalStateException("two threads use one collective: the order of messages would be undefined");
        }
        try {
            if (broken) {
                throw failed().orElseGet(() -> LockstepException.worker(
                        "this process has left its group", "rank = " + rank, "join another one"));
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

    /** Starts to receive a message. Messages of one peer and tag arrive in the order in which they were sent. */
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
                throw broken(new IOException("timed out"), message.peer(), EXCHANGING);
            }
            select(millis, message.peer());
        }
    }

    /** @param peer the rank whose message this process waits for */
    private void select(long millis, int peer) {
        try {
            links.values().forEach(Link::register);
            selector.select(millis);
            if (Thread.currentThread().isInterrupted()) {
                throw broken(new ClosedByInterruptException(), peer, EXCHANGING);
            }
            for (SelectionKey key : takeSelected(selector)) {
                if (key.attachment() instanceof Link link) {
                    advance(link);
                }
            }
        } catch (IOException | ClosedSelectorException | CancelledKeyException e) {
            throw broken(new IOException("this process has closed its group", e), peer, EXCHANGING);
        }
    }

    /** The selected keys, which are no longer selected then. Another thread may close the selector meanwhile. */
    static List<SelectionKey> takeSelected(Selector selector) {
        Set<SelectionKey> selected = selector.selectedKeys();
        // Closing removes the keys under the same lock.
        synchronized (selected) {
            List<SelectionKey> taken = List.copyOf(selected);
            selected.clear();
            return taken;
        }
    }

    private void advance(Link link) {
        try {
            link.advance();
        } catch (IOException e) {
            throw broken(e, link.peer(), EXCHANGING);
        }
    }

    /** The failure of a call: the one that the watch reports, if any, else the one that this process saw itself. */
    private LockstepException broken(IOException cause, int peer, String where) {
        boolean first = !broken;
        broken = true;
        if (Thread.currentThread().isInterrupted()) {
            return LockstepException.worker(
                    "this thread was interrupted", where + ", rank = " + peer, "join another group");
        }
        if (left.get()) {
            return LockstepException.worker(
                    "this process closed its group", where + ", rank = " + peer, "close it when no call is under way");
        }
        if (first) {
            watch.awaitVerdict().ifPresent(this::abort);
        }
        return failed().orElseGet(() -> CommunicationFailure.of(cause, "rank " + peer, where));
    }

    /** The reported failure of the group, if there is one. */
    private Optional<LockstepException> failed() {
        return Optional.ofNullable(failure).map(GroupFailure::asException);
    }

    /**
     * Marks the group as broken by a failure outside of it, and waits a moment for the watch's verdict.
     *
     * @param seen the failure as this process saw it
     */
    LockstepException fail(LockstepException seen) {
        broken = true;
        watch.awaitVerdict().ifPresent(this::abort);
        return failed().orElse(seen);
    }

    /** After a failure: this process's place in the group that follows; empty when there is none. */
    Optional<NextGroup> next() {
        watch.awaitVerdict();
        return watch.next();
    }

    /** See {@link Collective#begun}. */
    void begun() {
        watch.begun();
    }

    /** Whether the group is to change, or has ended. */
    boolean isChangeDue() {
        return watch.isChangeDue();
    }

    /** Waits between two steps until this group ends; returns the reason. */
    LockstepException awaitChange() {
        watch.ready();
        // The callback that does so may run later than this thread.
        watch.outcome().join().ifPresent(this::abort);
        return ended(watch);
    }

    /** Waits for the end of a group. */
    static LockstepException ended(Watch watch) {
        return watch.outcome()
                .join()
                .map(GroupFailure::asException)
                .orElseGet(() -> LockstepException.worker("this process has left its group", "", "join another one"));
    }

    /** Asks the keeper to let this process leave. */
    void askForLeave() {
        watch.leave();
    }

    /** Whether a thread is in a call. */
    boolean isBusy() {
        return turn.isLocked();
    }

    /** Whether no call succeeds any more. */
    boolean isBroken() {
        return broken;
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

    /**
     * Reports to the others why this process cannot continue; from now on no call succeeds. Only the first failure counts.
     */
    void fail(Throwable cause) {
        broken = true;
        if (told.compareAndSet(false, true)) {
            watch.failed(GroupFailure.words(cause));
        }
    }

    /**
     * Leaves the group: from now on no call succeeds. A call in progress on another thread fails. Deregisters only if
     * nothing has failed and no call was under way.
     *
     * @return on the first call, whether no other call is in progress, so that the memory of messages may be freed
     */
    boolean leave() {
        if (!left.compareAndSet(false, true)) {
            return false;
        }
        boolean idle = turn.tryLock();
        try {
            boolean good = idle && !broken;
            broken = true;
            if (good) {
                watch.end();
            } else {
                watch.close();
            }
            closeLinks();
            // A waiting thread has been released by now, unless it waits in native code.
            idle = idle || turn.tryLock(FREED.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            if (idle) {
                turn.unlock();
            }
        }
        return idle;
    }
}
