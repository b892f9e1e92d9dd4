package dev.lockstep.supervise;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;

/**
 * The first lines of every connection of a group: both ends prove that they know the group's secret, and the connecting end
 * sends its request.
 *
 * <pre>
 * listener:   LOCKSTEP/1 nonce
 * connector:  nonce proof request
 * listener:   OK proof reply, or NO reason
 * </pre>
 *
 * A proof is an HMAC over both nonces and the request, so no proof can be reused, not even for another request. Lines
 * are bounded in length, the whole in time, and nothing is read beyond it: subsequent data belongs to the connection's
 * user. The lines that follow are neither encrypted nor signed.
 */
public final class Handshake {
    /** The time limit for the whole handshake. */
    public static final Duration LIMIT = Duration.ofSeconds(10);

    private static final String GREETING = "LOCKSTEP/1";
    private static final int LINE_BYTES = 1024;
    private static final int NONCE_BYTES = 16;

    private Handshake() {}

    /** The other end does not speak this protocol. */
    public static final class Stranger extends IOException {
        private static final long serialVersionUID = 1;

        Stranger(String message) {
            super(message);
        }
    }

    /**
     * The listener's half.
     *
     * @param answer maps a proved request to the reply
     * @return the request; empty when the other end proved it and was refused
     * @throws IOException when the connection fails, or the other end does not prove the secret in time
     */
    public static Optional<String> accept(Socket socket, GroupSecret secret, Function<String, Answer> answer)
            throws IOException {
        Wire wire = new Wire(socket);
        String nonce = GroupSecret.random(NONCE_BYTES);
        wire.send(GREETING + " " + nonce);
        String[] words = wire.read().split(" ", 3);
        if (words.length != 3 || !same(words[1], secret.mac(connector(nonce, words[0], words[2])))) {
            wire.send("NO the group's secret was not proved");
            throw new Stranger("it did not prove the group's secret");
        }
        Answer decided = answer.apply(words[2]);
        if (!decided.accepted) {
            wire.send("NO " + decided.text);
            return Optional.empty();
        }
        wire.send("OK " + secret.mac(listener(nonce, words[0], words[2])) + " " + decided.text);
        return Optional.of(words[2]);
    }

    /** A listener's answer to a proved request. */
    public record Answer(boolean accepted, String text) {
        public static Answer yes(String reply) {
            return new Answer(true, reply);
        }

        public static Answer no(String reason) {
            return new Answer(false, reason);
        }
    }

    /**
     * The connector's half.
     *
     * @param request one line
     * @return the listener's reply
     * @throws Stranger when something else listens there
     * @throws IOException when the connection fails or the listener takes too long
     * @throws LockstepException when the listener refuses, or does not know the secret itself
     */
    public static String request(Socket socket, GroupSecret secret, String request, String where) throws IOException {
        Wire wire = new Wire(socket);
        String[] greeting = wire.read().split(" ", 2);
        if (greeting.length != 2 || !greeting[0].equals(GREETING)) {
            throw new Stranger("a program other than Lockstep answers");
        }
        String nonce = GroupSecret.random(NONCE_BYTES);
        wire.send(nonce + " " + secret.mac(connector(greeting[1], nonce, request)) + " " + request);
        String[] reply = wire.read().split(" ", 3);
        if (reply[0].equals("OK")
                && reply.length == 3
                && same(reply[1], secret.mac(listener(greeting[1], nonce, request)))) {
            return reply[2];
        }
        boolean refused = reply[0].equals("NO") && reply.length > 1;
        throw LockstepException.recipe(
                refused ? String.join(" ", reply).substring(3) : "the other end did not prove the group's secret",
                where,
                "start every process of the group with the same settings and the same " + GroupSecret.VARIABLE);
    }

    private static String connector(String listenerNonce, String connectorNonce, String request) {
        return "connector " + listenerNonce + " " + connectorNonce + " " + request;
    }

    private static String listener(String listenerNonce, String connectorNonce, String request) {
        return "listener " + listenerNonce + " " + connectorNonce + " " + request;
    }

    /** Compares in a time that does not reveal where they differ. */
    private static boolean same(String given, String expected) {
        return MessageDigest.isEqual(given.getBytes(StandardCharsets.UTF_8), expected.getBytes(StandardCharsets.UTF_8));
    }

    /** Reads and writes lines unbuffered, under one deadline. */
    private static final class Wire {
        private final Socket socket;
        private final InputStream in;
        private final OutputStream out;
        private final long deadline = System.nanoTime() + LIMIT.toNanos();

        Wire(Socket socket) throws IOException {
            this.socket = socket;
            this.in = socket.getInputStream();
            this.out = socket.getOutputStream();
            socket.setTcpNoDelay(true);
        }

        void send(String line) throws IOException {
            out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
            out.flush();
        }

        String read() throws IOException {
            byte[] line = new byte[LINE_BYTES];
            for (int length = 0; length < LINE_BYTES; length++) {
                long millis = (deadline - System.nanoTime()) / 1_000_000;
                if (millis <= 0) {
                    throw new SocketTimeoutException("the other end did not finish its first line in time");
                }
                socket.setSoTimeout((int) millis);
                int next = in.read();
                if (next == '\n') {
                    socket.setSoTimeout(0);
                    return new String(line, 0, length, StandardCharsets.UTF_8);
                }
                if (next < 0) {
                    throw length == 0
                            ? new IOException("the other end closed the connection")
                            : new Stranger("a program other than Lockstep answers");
                }
                line[length] = (byte) next;
            }
            throw new Stranger("a first line longer than " + LINE_BYTES + " bytes");
        }
    }
}
