package dev.lockstep.evidence.process;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Hosts on one network: network namespaces, each with a cable to a bridge. */
public final class LocalNetwork {
    private final List<Host> hosts;
    private final String bridge;
    private final String cable;

    LocalNetwork(int count, String subnet) {
        long id = ProcessHandle.current().pid() % 100_000;
        bridge = "lsb" + id;
        cable = "lsc" + id;
        hosts = IntStream.range(0, count)
                .mapToObj(i -> new Host("lockstep-" + (char) ('a' + i) + "-" + id, subnet + "." + (i + 1)))
                .toList();
    }

    public Host host(int index) {
        return hosts.get(index);
    }

    /** Disconnects a host from all others. */
    public void cut(Host host) {
        if (!Stage.system("ip", "-n", host.name(), "link", "set", "veth0", "down")) {
            throw new IllegalStateException("the cable cannot be pulled");
        }
    }

    /** Connects it again. */
    public void mend(Host host) {
        if (!Stage.system("ip", "-n", host.name(), "link", "set", "veth0", "up")) {
            throw new IllegalStateException("the cable cannot be plugged in");
        }
    }

    /** The commands that set it up; the first one fails without permission. */
    List<List<String>> commands() {
        List<List<String>> commands = new ArrayList<>();
        commands.add(words("ip link add " + bridge + " type bridge"));
        commands.add(words("ip link set " + bridge + " up"));
        for (int i = 0; i < hosts.size(); i++) {
            Host host = hosts.get(i);
            String end = cable + "-" + i;
            commands.add(words("ip netns add " + host.name()));
            commands.add(List.of(
                    "sh", "-c", "mkdir -p \"$0\" && printf '%s' \"$1\" > \"$0/hosts\"", files(host), names(host)));
            commands.add(words("ip -n " + host.name() + " link set lo up"));
            commands.add(words("ip link add " + end + " type veth peer name veth0 netns " + host.name()));
            commands.add(words("ip link set " + end + " master " + bridge + " up"));
            commands.add(words("ip -n " + host.name() + " addr add " + host.address() + "/24 dev veth0"));
            commands.add(words("ip -n " + host.name() + " link set veth0 up"));
        }
        return commands;
    }

    /** What 'ip netns exec' mounts over the files of /etc. */
    private static String files(Host host) {
        return "/etc/netns/" + host.name();
    }

    /** As Debian writes it: a host's own name leads to a loopback address. */
    private String names(Host own) {
        StringBuilder lines = new StringBuilder("127.0.0.1 localhost\n");
        for (Host host : hosts) {
            lines.append(host.equals(own) ? "127.0.1.1" : host.address())
                    .append(' ')
                    .append(host.name())
                    .append('\n');
        }
        return lines.toString();
    }

    List<Command> undo() {
        Stream<String> namespaces =
                hosts.stream().flatMap(host -> Stream.of("ip netns del " + host.name(), "rm -r " + files(host)));
        return Stream.concat(Stream.of("ip link del " + bridge), namespaces)
                .map(line -> new Command(words(line), Map.of(), null))
                .toList();
    }

    private static List<String> words(String line) {
        return List.of(line.split(" "));
    }
}
