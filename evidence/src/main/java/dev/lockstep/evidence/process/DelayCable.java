package dev.lockstep.evidence.process;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** A second cable between two hosts, with a subnet of its own, that carries each frame after a delay. It is there until its case ends. */
public final class DelayCable {
    /** Each has other names and addresses: those of the one before may not be gone yet. */
    private static final AtomicInteger COUNT = new AtomicInteger();

    private final Stage stage;
    private final List<Host> hosts;
    private final int number = COUNT.getAndIncrement();

    private DelayCable(Stage stage, List<Host> hosts) {
        this.stage = stage;
        this.hosts = hosts;
    }

    /** Connects two hosts by a cable with this delay in each direction; fails where the kernel has no TAP devices. */
    public static DelayCable between(Stage stage, Host first, Host second, int delayMillis) throws IOException {
        DelayCable cable = new DelayCable(stage, List.of(first, second));
        String script =
                stage.checkout().home().resolve("evidence/delay_cable.py").toString();
        Command command =
                Command.of("python3", script, cable.device(0), cable.device(1), Integer.toString(delayMillis));
        Running running = stage.start(command, "delay-cable-" + cable.number + ".log");
        if (!Await.within(10_000, () -> running.log().says("^ready$") || !running.isAlive()) || !running.isAlive()) {
            throw new IllegalStateException("no cable: " + running.log().lastLine());
        }
        for (int i = 0; i < 2; i++) {
            String host = cable.hosts.get(i).name();
            cable.ip("link", "set", cable.device(i), "netns", host);
            cable.ip("-n", host, "addr", "add", cable.address(i) + "/24", "dev", cable.device(i));
            cable.ip("-n", host, "link", "set", cable.device(i), "up");
        }
        return cable;
    }

    private void ip(String... words) {
        String[] command = new String[words.length + 1];
        command[0] = "ip";
        System.arraycopy(words, 0, command, 1, words.length);
        if (!Stage.system(command)) {
            throw new IllegalStateException("failed: " + String.join(" ", command));
        }
    }

    private String device(int end) {
        return "lsd" + ProcessHandle.current().pid() % 100_000 + "-" + number + "-" + end;
    }

    /** The address at one end, 0 or 1. */
    public String address(int end) {
        return "10.77." + (10 + number) + "." + (end + 1);
    }

    /** How long a connection to a closed port of the second host takes, from the first one, ms. */
    public double roundTripMillis() throws IOException, InterruptedException {
        // The first attempt also asks for the other end's hardware address.
        String program = "import socket, time\nfor i in range(3):\n    start = time.monotonic()\n"
                + "    socket.socket().connect_ex(('" + address(1) + "', 9))\n"
                + "    last = time.monotonic() - start\nprint(round(1000 * last, 1))";
        Command command = Command.of("python3", "-c", program).on(hosts.get(0));
        return Double.parseDouble(
                stage.complete(command, "round-trip.log").log().lastLine());
    }

    /** The bytes that the first host has sent into the cable. */
    public long bytesSent() throws IOException, InterruptedException {
        Command command = Command.of("cat", "/sys/class/net/" + device(0) + "/statistics/tx_bytes")
                .on(hosts.get(0));
        return Long.parseLong(stage.complete(command, "bytes-sent.log").log().lastLine());
    }
}
