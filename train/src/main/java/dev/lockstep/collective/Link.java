package dev.lockstep.collective;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * The connection to one other process, and the messages to send and receive over it. Nothing here blocks: {@link #advance}
 * transfers what can be transferred now.
 *
 * <p>A message that arrives before its receive is posted stays in the system's buffers, as does everything after it.
 */
final class Link implements Closeable {
    /** Kinds of messages. */
    static final int TAGS = 4;

    private final int peer;
    private final SocketChannel channel;
    private final SelectionKey key;
    private final Queue<Message> sending = new ArrayDeque<>();
    private final List<Queue<Message>> receiving = new ArrayList<>();
    private final ByteBuffer header = ByteBuffer.allocateDirect(Message.HEADER_BYTES);
    private @Nullable Message arriving;
    private int expected;

    /** @param channel connected and authenticated; becomes non-blocking */
    Link(int peer, SocketChannel channel, Selector selector) throws IOException {
        this.peer = peer;
        this.channel = channel;
        channel.configureBlocking(false);
        this.key = channel.register(selector, 0, this);
        for (int tag = 0; tag < TAGS; tag++) {
            receiving.add(new ArrayDeque<>());
        }
    }

    int peer() {
        return peer;
    }

    /** The address at which this process reaches the other one. */
    InetAddress address() {
        return channel.socket().getInetAddress();
    }

    InetAddress ownAddress() {
        return channel.socket().getLocalAddress();
    }

    void send(Message message) throws IOException {
        message.begin();
        sending.add(message);
        write();
    }

    void receive(Message message) {
        message.begin();
        receiving.get(message.tag()).add(message);
        expected++;
    }

    /** Transfers what can be transferred without blocking. */
    void advance() throws IOException {
        write();
        read();
    }

    private void write() throws IOException {
        for (Message message = sending.peek(); message != null; message = sending.peek()) {
            channel.write(message.headerAndData());
            if (message.hasRemaining()) {
                return;
            }
            message.end();
            sending.remove();
        }
    }

    private void read() throws IOException {
        while (expected > 0) {
            Message message = arriving != null ? arriving : next();
            if (message == null) {
                return;
            }
            fill(message.data());
            if (message.data().hasRemaining()) {
                arriving = message;
                return;
            }
            arriving = null;
            expected--;
            message.end();
            receiving.get(message.tag()).remove();
            header.clear();
        }
    }

    /** The message whose header has arrived, if its receive is posted. */
    private @Nullable Message next() throws IOException {
        if (header.hasRemaining()) {
            fill(header);
            if (header.hasRemaining()) {
                return null;
            }
        }
        int tag = header.getInt(0);
        Message message = tag >= 0 && tag < TAGS ? receiving.get(tag).peek() : null;
        if (message == null && tag >= 0 && tag < TAGS) {
            return null;
        }
        if (message == null || message.length() != header.getInt(4)) {
            throw new IOException("a message of kind " + tag + " with " + header.getInt(4)
                    + " bytes arrived out of order: the processes do different things");
        }
        return message;
    }

    private void fill(ByteBuffer buffer) throws IOException {
        if (channel.read(buffer) < 0) {
            throw new EOFException("Connection closed by peer");
        }
    }

    /** Sets what the selector waits for on this link. */
    void register() {
        boolean blocked = arriving == null && !header.hasRemaining();
        int wanted =
                (sending.isEmpty() ? 0 : SelectionKey.OP_WRITE) | (expected > 0 && !blocked ? SelectionKey.OP_READ : 0);
        if (key.interestOps() != wanted) {
            key.interestOps(wanted);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            // It counts as closed in any case.
        }
    }
}
