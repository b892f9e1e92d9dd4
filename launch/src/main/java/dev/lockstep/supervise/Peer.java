package dev.lockstep.supervise;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** One end of the control channel after its {@link Handshake}: lines of text over a socket, bounded in length. */
final class Peer implements Closeable {
    /** In both directions, once per {@link #period}. */
    static final String BEAT = "BEAT";
    /** To processes, one for each member of the group: {@code MEMBER rank address port machine number
     * standby-port}. */
    static final String MEMBER = "MEMBER";
    /** To processes: all members of the group have been sent. */
    static final String COMPLETE = "COMPLETE";
    /** From a process that deregisters; to processes when the supervisor leaves normally. */
    static final String BYE = "BYE";
    /** From a process that cannot continue: {@code FAIL message}; to processes: {@code FAIL rank host report}. */
    static final String FAIL = "FAIL";

    /** To processes of an elastic group: it is to change; stop between two steps and answer {@link #READY}. */
    static final String CHANGE = "CHANGE";

    /** From a process that stands between two steps and waits for the next group. */
    static final String READY = "READY";

    /** From a process that wants to leave its elastic group. */
    static final String LEAVE = "LEAVE";

    /** To a process that has asked for leave: it has left, {@code RELEASED rank host report}. */
    static final String RELEASED = "RELEASED";

    /** To processes of an elastic group: save and stop. */
    static final String STOP = "STOP";

    /** To processes: their group ends and another one follows it, {@code NEXT rank size keeper supervisor rank host
     * report}. */
    static final String NEXT = "NEXT";

    private static final Duration LONGEST_PERIOD = Duration.ofSeconds(1);
    private static final int LINE_BYTES = 16 * 1024;

    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;

    Peer(Socket socket) throws IOException {
        this.socket = socket;
        this.in = new BufferedInputStream(socket.getInputStream());
        this.out = socket.getOutputStream();
    }

    /** The time between two heartbeats, given the longest allowed silence. */
    static Duration period(Duration timeout) {
        Duration quarter = timeout.dividedBy(4);
        return quarter.compareTo(LONGEST_PERIOD) < 0 ? quarter : LONGEST_PERIOD;
    }

    /** The next line, or null when the other end is gone for whatever reason, or sends an endless line. */
    @Nullable
    String read() {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        try {
            for (int next = in.read(); next >= 0 && line.size() < LINE_BYTES; next = in.read()) {
                if (next == '\n') {
                    return line.toString(StandardCharsets.UTF_8);
                }
                line.write(next);
            }
            return null;
        } catch (IOException e) {
            return null;
        }
    }

    /** Sends a line, truncated to the length that the other end accepts; false when the other end is gone. */
    boolean send(String line) {
        // A character has at most three bytes in UTF-8, a pair of surrogates four.
        String capped = line.length() < LINE_BYTES / 3 ? line : line.substring(0, LINE_BYTES / 3 - 1) + "…";
        byte[] bytes = (capped.replace('\n', ' ') + "\n").getBytes(StandardCharsets.UTF_8);
        try {
            synchronized (out) {
                out.write(bytes);
                out.flush();
            }
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            // It counts as closed in any case.
        }
    }
}
