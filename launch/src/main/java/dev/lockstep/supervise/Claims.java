package dev.lockstep.supervise;

import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The connections of processes that have lost the keeper and ask this process for a place. Each hears all the time that it waits:
 * silence means that this process is stopped or cut off too.
 */
final class Claims {
    private final Duration patience;
    private final Map<Integer, Peer> waiting = new ConcurrentHashMap<>();
    private volatile boolean closed;

    /** @param patience how long a process may be silent */
    Claims(Duration patience) {
        this.patience = patience;
    }

    /** Lets a process wait. */
    void add(int number, Socket socket) throws IOException {
        Peer claim = new Peer(socket);
        Peer before = waiting.put(number, claim);
        if (before != null) {
            before.close();
        }
        if (closed) {
            close();
        }
        Threads.start("lockstep-claim-" + number, () -> beat(number, claim));
    }

    private void beat(int number, Peer claim) {
        while (waiting.get(number) == claim) {
            if (!claim.send(Peer.BEAT)) {
                waiting.remove(number, claim);
            }
            Threads.pause(Peer.period(patience));
        }
    }

    boolean contains(int number) {
        return waiting.containsKey(number);
    }

    /** The processes that wait, by number. */
    List<Integer> numbers() {
        return waiting.keySet().stream().sorted().toList();
    }

    /** The connection of a process, which does not wait any more; null if it does not. */
    @Nullable
    Peer take(int number) {
        return waiting.remove(number);
    }

    /** Tells a process why there is no place for it. */
    void refuse(int number, String words) {
        Peer claim = take(number);
        if (claim != null) {
            claim.send(Peer.FAIL + " " + new GroupFailure(GroupFailure.NO_RANK, HostName.own(), words).line());
            claim.close();
        }
    }

    /** What a process says at last to one whose claim waits there: a {@link Peer#BEAT} if nothing else; null if it falls silent. */
    static @Nullable String answer(Peer heir, Socket socket, Duration patience) throws IOException {
        socket.setSoTimeout((int) patience.toMillis());
        // It may notice the loss later than this process, and then waits for others.
        long deadline = System.nanoTime() + patience.multipliedBy(3).toNanos();
        String line = heir.read();
        while (Peer.BEAT.equals(line) && System.nanoTime() < deadline) {
            line = heir.read();
        }
        return line;
    }

    void close() {
        closed = true;
        waiting.values().forEach(Peer::close);
    }
}
