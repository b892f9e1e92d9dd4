package dev.lockstep.collective;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.launch.GroupEnvironment;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The addresses of this machine at which the other processes may reach this one. */
final class LocalAddress {
    /** The variable by which PyTorch users name the interface; the first name of a comma-separated list counts. */
    static final String INTERFACE = "GLOO_SOCKET_IFNAME";

    private LocalAddress() {}

    /** What a name stands for on this machine, now; empty when it is unknown, as that of a pod that has not started. */
    static Optional<InetAddress> find(String name) {
        try {
            return Optional.of(InetAddress.getByName(name));
        } catch (UnknownHostException e) {
            return Optional.empty();
        }
    }

    /** Whether it is an address of this machine. */
    static boolean isOwn(InetAddress address) {
        try {
            return address.isLoopbackAddress() || NetworkInterface.getByInetAddress(address) != null;
        } catch (SocketException e) {
            return false;
        }
    }

    static InetAddress resolve(String masterAddress) {
        try {
            return InetAddress.getByName(masterAddress);
        } catch (UnknownHostException e) {
            throw LockstepException.recipe(
                    GroupEnvironment.MASTER_ADDR + " = " + masterAddress + " cannot be resolved",
                    "environment of this process",
                    "give a host name or an address that every machine knows");
        }
    }

    /** The local address of the route to the master, which the kernel knows without sending anything. */
    static InetAddress route(InetAddress master) {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(new InetSocketAddress(master, 9));
            return socket.getLocalAddress();
        } catch (IOException | java.io.UncheckedIOException e) {
            throw LockstepException.recipe(
                    GroupEnvironment.MASTER_ADDR + " = " + master.getHostAddress() + " cannot be reached: "
                            + e.getMessage(),
                    "no route from this machine",
                    "give an address of rank 0 that is reachable from here");
        }
    }

    /** The address of the interface that the user names; empty when none is named. */
    static Optional<InetAddress> ofInterface(String name) {
        if (name.isEmpty()) {
            return Optional.empty();
        }
        try {
            NetworkInterface named = NetworkInterface.getByName(name);
            List<InetAddress> addresses = named == null ? List.of() : Collections.list(named.getInetAddresses());
            return Optional.of(addresses.stream()
                    .min(Comparator.comparing(address -> !(address instanceof Inet4Address)))
                    .orElseThrow(() -> unusable(name)));
        } catch (SocketException e) {
            throw unusable(name);
        }
    }

    /** The interface that the environment names; empty when it names none. */
    static String interfaceName(Map<String, String> environment) {
        return environment.getOrDefault(INTERFACE, "").split(",", 2)[0].strip();
    }

    private static LockstepException unusable(String name) {
        return LockstepException.recipe(
                INTERFACE + " = " + name + " is not a usable network interface",
                "environment of this process",
                "name one that 'ip addr' lists, or unset it");
    }
}
