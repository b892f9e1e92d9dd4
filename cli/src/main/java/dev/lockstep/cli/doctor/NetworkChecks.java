package dev.lockstep.cli.doctor;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Checks how this machine is reached: by its own processes through the loopback interface, and by other machines
 * through its name.
 */
final class NetworkChecks {
    private static final String GROUP = "network";
    private static final String INTERFACE = "GLOO_SOCKET_IFNAME";
    private static final double SLOW_SECONDS = 2;

    private NetworkChecks() {}

    static List<Finding> all(Machine machine) {
        List<Finding> findings = new ArrayList<>();
        findings.add(loopback());
        findings.add(hostName());
        findings.add(interfaces());
        machine.variable(INTERFACE).ifPresent(name -> findings.add(chosen(name)));
        return findings;
    }

    private static Finding loopback() {
        InetAddress address = InetAddress.getLoopbackAddress();
        try (ServerSocket socket = new ServerSocket(0, 1, address)) {
            return Finding.ok(GROUP, "loopback", address.getHostAddress() + " listens");
        } catch (IOException e) {
            return Finding.fail(
                    GROUP,
                    "loopback",
                    address.getHostAddress() + ": " + e.getMessage(),
                    "bring the interface up (as root: ip link set lo up)");
        }
    }

    private static Finding hostName() {
        long started = System.nanoTime();
        try {
            InetAddress own = InetAddress.getLocalHost();
            double seconds = (System.nanoTime() - started) * 1e-9;
            String value = own.getHostName() + " is " + own.getHostAddress();
            return seconds < SLOW_SECONDS
                    ? Finding.ok(GROUP, "host name", value)
                    : Finding.warn(
                            GROUP,
                            "host name",
                            value + ", resolved in " + Math.round(seconds) + " s",
                            "add it to /etc/hosts, or fix the name server: every process resolves it when it starts");
        } catch (UnknownHostException e) {
            return Finding.warn(
                    GROUP,
                    "host name",
                    "cannot be resolved: " + e.getMessage(),
                    "add it to /etc/hosts, or set " + INTERFACE
                            + " to the interface (needed only for runs on several machines)");
        }
    }

    private static Finding interfaces() {
        try {
            String usable = Collections.list(NetworkInterface.getNetworkInterfaces()).stream()
                    .filter(NetworkChecks::isUsable)
                    .flatMap(each -> Collections.list(each.getInetAddresses()).stream()
                            .filter(Inet4Address.class::isInstance)
                            .map(address -> each.getName() + " " + address.getHostAddress()))
                    .collect(Collectors.joining(", "));
            return Finding.ok(GROUP, "interfaces", usable.isEmpty() ? "only loopback" : usable);
        } catch (SocketException e) {
            return Finding.warn(GROUP, "interfaces", "cannot be listed: " + e.getMessage(), "check 'ip addr'");
        }
    }

    private static boolean isUsable(NetworkInterface candidate) {
        try {
            return candidate.isUp() && !candidate.isLoopback();
        } catch (SocketException e) {
            return false;
        }
    }

    private static Finding chosen(String names) {
        String name = names.split(",", 2)[0].strip();
        try {
            NetworkInterface found = NetworkInterface.getByName(name);
            if (found != null && found.isUp()) {
                return Finding.ok(GROUP, INTERFACE, name);
            }
        } catch (SocketException e) {
            return unusable(name, e.toString());
        }
        return unusable(name, "no interface of this name is up");
    }

    private static Finding unusable(String name, String why) {
        return Finding.fail(
                GROUP, INTERFACE, name + ": " + why, "set it to an interface listed by 'ip addr', or unset it");
    }
}
