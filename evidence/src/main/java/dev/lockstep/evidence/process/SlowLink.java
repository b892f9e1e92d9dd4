package dev.lockstep.evidence.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.locks.LockSupport;

/**
 * A proxy in front of a server of this machine, as a program: what either side sends arrives later, and all connections
 * together have a bandwidth in each direction. Arguments: the port to listen at, the server's port, the delay in each
 * direction in ms, and the bandwidth in Mb/s.
 */
public final class SlowLink {
    private static final int BLOCK = 1 << 15;
    /** Blocks of a connection under way, as a TCP window of 4 MiB would allow. */
    private static final int WINDOW = 128;

    private static final byte[] END = new byte[0];

    private final long delayNanos;
    private final double nanosPerByte;
    private long freeAt = System.nanoTime();

    private record Block(byte[] bytes, long due) {}

    private SlowLink(double delayMillis, double megabitsPerSecond) {
        delayNanos = Math.round(delayMillis * 1e6);
        nanosPerByte = 8e3 / megabitsPerSecond;
    }

    public static void main(String[] arguments) throws IOException {
        int target = Integer.parseInt(arguments[1]);
        double delay = Double.parseDouble(arguments[2]);
        double megabits = Double.parseDouble(arguments[3]);
        SlowLink there = new SlowLink(delay, megabits);
        SlowLink back = new SlowLink(delay, megabits);
        InetAddress loopback = InetAddress.getLoopbackAddress();
        try (ServerSocket listening = new ServerSocket(Integer.parseInt(arguments[0]), 100, loopback)) {
            while (true) {
                Socket client = listening.accept();
                Socket server = new Socket(loopback, target);
                client.setTcpNoDelay(true);
                server.setTcpNoDelay(true);
                there.carry(client, server);
                back.carry(server, client);
            }
        }
    }

    /** The moment at which a block that is sent now has arrived. */
    private synchronized long due(int bytes) {
        freeAt = Math.max(freeAt, System.nanoTime()) + Math.round(bytes * nanosPerByte);
        return freeAt + delayNanos;
    }

    private void carry(Socket from, Socket to) {
        BlockingQueue<Block> blocks = new ArrayBlockingQueue<>(WINDOW);
        start(() -> read(from, blocks));
        start(() -> write(blocks, to));
    }

    private interface Work {
        void run() throws IOException, InterruptedException;
    }

    private static void start(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (IOException | InterruptedException e) {
                // The connection has ended.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    private void read(Socket from, BlockingQueue<Block> blocks) throws IOException, InterruptedException {
        byte[] buffer = new byte[BLOCK];
        try {
            InputStream in = from.getInputStream();
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                blocks.put(new Block(Arrays.copyOf(buffer, count), due(count)));
            }
        } finally {
            blocks.put(new Block(END, due(0)));
        }
    }

    private static void write(BlockingQueue<Block> blocks, Socket to) throws IOException, InterruptedException {
        try (to) {
            OutputStream out = to.getOutputStream();
            for (Block block = blocks.take(); block.bytes != END; block = blocks.take()) {
                for (long left = block.due - System.nanoTime(); left > 0; left = block.due - System.nanoTime()) {
                    LockSupport.parkNanos(left);
                }
                out.write(block.bytes);
            }
            to.shutdownOutput();
        }
    }
}
