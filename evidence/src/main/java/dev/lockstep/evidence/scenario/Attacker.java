package dev.lockstep.evidence.scenario;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * A host that does not know a group's secret and tries everything: looks for open ports, reads, writes, poses as a
 * process of the group, floods. Bounded in count and time. Prints one line per attack.
 *
 * <pre>java Attacker scan HOST | attack HOST PORT</pre>
 */
final class Attacker {
    private static final int SECONDS = 20;
    private static final int CONNECTIONS = 3000;

    private Attacker() {}

    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("scan")) {
            System.out.println(scan(arguments[1]));
            return;
        }
        String host = arguments[1];
        int port = Integer.parseInt(arguments[2]);
        System.out.println("reads: " + reads(host, port));
        System.out.println("writes to the store: " + tell(host, port, store("lockstep/0/joined/1", "evil")));
        String escape = "\u001b[2J\u001b[31m";
        String join = "join 1 2 - 0 1 " + escape + "invented";
        System.out.println("joins without proof: " + tell(host, port, line("00 00 " + join)));
        System.out.println(
                "reports a failure: " + tell(host, port, line("FAIL rank 1 on invented host failed" + escape)));
        System.out.println("malformed line: " + tell(host, port, line("PORT x")));
        System.out.println("endless line: " + endless(host, port));
        System.out.println("slow bytes: " + slow(host, port));
        System.out.println("flood: " + flood(host, port));
    }

    private static String scan(String host) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(32);
        List<Future<Integer>> tries = new ArrayList<>();
        for (int port = 1; port <= 65_535; port++) {
            int target = port;
            tries.add(threads.submit(() -> {
                try (Socket socket = new Socket()) {
                    socket.connect(new InetSocketAddress(host, target), 2000);
                    return target;
                } catch (IOException e) {
                    return 0;
                }
            }));
        }
        List<String> open = new ArrayList<>();
        for (Future<Integer> one : tries) {
            if (one.get() != 0) {
                open.add(Integer.toString(one.get()));
            }
        }
        threads.shutdown();
        return String.join(" ", open);
    }

    private static byte[] line(String text) {
        return (text + "\n").getBytes(StandardCharsets.UTF_8);
    }

    /** A request to set a key, in the form of c10d's store: the query's number, then key and value with their lengths. */
    private static byte[] store(String key, String value) {
        byte[] request = new byte[1 + 8 + key.length() + 8 + value.length()];
        int at = 1;
        request[at] = (byte) key.length();
        at += 8;
        System.arraycopy(key.getBytes(StandardCharsets.US_ASCII), 0, request, at, key.length());
        at += key.length();
        request[at] = (byte) value.length();
        System.arraycopy(value.getBytes(StandardCharsets.US_ASCII), 0, request, at + 8, value.length());
        return request;
    }

    private static String reads(String host, int port) throws IOException {
        try (Socket socket = new Socket(host, port)) {
            socket.setSoTimeout(3000);
            byte[] first = new byte[200];
            int length = socket.getInputStream().read(first);
            return "got " + length + " bytes: " + printable(first, length);
        }
    }

    private static String tell(String host, int port, byte[] bytes) {
        try (Socket socket = new Socket(host, port)) {
            socket.setSoTimeout(15_000);
            OutputStream out = socket.getOutputStream();
            out.write(bytes);
            out.flush();
            byte[] answer = socket.getInputStream().readAllBytes();
            return "answered " + printable(answer, answer.length);
        } catch (IOException e) {
            return "refused (" + e.getMessage() + ")";
        }
    }

    private static String endless(String host, int port) {
        byte[] flood = new byte[64 * 1024];
        Arrays.fill(flood, (byte) 'x');
        long sent = 0;
        try (Socket socket = new Socket(host, port)) {
            for (int i = 0; i < 4096; i++) {
                socket.getOutputStream().write(flood);
                sent += flood.length;
            }
            return "took " + sent + " bytes";
        } catch (IOException e) {
            return "cut off after at most " + sent / 1024 + " KiB in buffers";
        }
    }

    private static String slow(String host, int port) throws InterruptedException {
        long started = System.nanoTime();
        try (Socket socket = new Socket(host, port)) {
            InputStream in = socket.getInputStream();
            socket.setSoTimeout(1000);
            while (seconds(started) < SECONDS) {
                socket.getOutputStream().write('x');
                try {
                    if (in.read() < 0) {
                        return "cut off after " + seconds(started) + " s";
                    }
                } catch (SocketTimeoutException e) {
                    // Still open.
                }
            }
            return "held for " + SECONDS + " s";
        } catch (IOException e) {
            return "cut off after " + seconds(started) + " s";
        }
    }

    private static long seconds(long since) {
        return TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - since);
    }

    private static String flood(String host, int port) throws IOException {
        List<Socket> open = new ArrayList<>();
        long started = System.nanoTime();
        int made = 0;
        for (; made < CONNECTIONS && seconds(started) < SECONDS; made++) {
            try {
                Socket socket = new Socket();
                open.add(socket);
                socket.connect(new InetSocketAddress(host, port), 2000);
            } catch (IOException e) {
                // The next.
            }
        }
        for (Socket socket : open) {
            socket.close();
        }
        return made + " connections";
    }

    private static String printable(byte[] bytes, int length) {
        return new String(bytes, 0, Math.max(0, length), StandardCharsets.ISO_8859_1)
                .replaceAll("[0-9a-f]{32}", "NONCE")
                .replaceAll("[^ -~]", ".");
    }
}
