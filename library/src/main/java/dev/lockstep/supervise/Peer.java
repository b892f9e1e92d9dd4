package dev.lockstep.supervise;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** One end of the control channel: lines of text over a socket. */
final class Peer implements Closeable {
    /** From a process: {@code HELLO token rank host}. Always the first line. */
    static final String HELLO = "HELLO";
    /** In both directions, once a {@link #period}. */
    static final String BEAT = "BEAT";
    /** From rank 0 and on to all: {@code PORT number}. */
    static final String PORT = "PORT";
    /** From a process that leaves in good order; to processes when the supervisor does. */
    static final String BYE = "BYE";
    /** From a process that cannot go on: {@code FAIL its own words}; to processes: {@code FAIL report}. */
    static final String FAIL = "FAIL";

    private static final Duration LONGEST_PERIOD = Duration.ofSeconds(1);

    private final Socket socket;
    private final BufferedReader in;
    private final OutputStream out;

    Peer(Socket socket) throws IOException {
        socket.setTcpNoDelay(true);
        this.socket = socket;
        this.in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
        this.out = socket.getOutputStream();
    }

    /** The time between two heartbeats, where silence may last as long as the timeout. */
    static Duration period(Duration timeout) {
        Duration quarter = timeout.dividedBy(4);
        return quarter.compareTo(LONGEST_PERIOD) < 0 ? quarter : LONGEST_PERIOD;
    }

    /** The next line, or null when the other end is gone, however it went. */
    @Nullable
    String read() {
        try {
            return in.readLine();
        } catch (IOException e) {
            return null;
        }
    }

    /** Sends a line; false when the other end is gone. */
    boolean send(String line) {
        byte[] bytes = (line + "\n").getBytes(StandardCharsets.UTF_8);
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
            // It is closed for us in any case.
        }
    }
}
