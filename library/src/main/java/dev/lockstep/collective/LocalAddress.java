package dev.lockstep.collective;

import dev.lockstep.errors.LockstepException;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.Collections;
import java.util.Map;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.gloo.Device;

/**
 * The address under which the other processes reach this one. Gloo left to itself takes whatever the host name resolves to,
 * and hangs when that is wrong.
 */
final class LocalAddress {
    /** The variable by which PyTorch users name the interface; the first name of a comma-separated list counts. */
    static final String INTERFACE = "GLOO_SOCKET_IFNAME";

    private LocalAddress() {}

    /** A Gloo device on the named interface, else on the one that leads to rank 0. */
    static Device device(GroupEnvironment group, Map<String, String> environment) {
        String name = environment.getOrDefault(INTERFACE, "").split(",", 2)[0].strip();
        if (name.isEmpty()) {
            return ProcessGroupGloo.createDeviceForHostname(
                    towards(resolve(group.masterAddress())).getHostAddress());
        }
        try {
            return ProcessGroupGloo.createDeviceForInterface(name);
        } catch (RuntimeException e) {
            throw LockstepException.recipe(
                    INTERFACE + " = " + name + " is not a usable network interface",
                    "environment of this process",
                    "name one that 'ip addr' lists, or unset it");
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

    /** The own address of the route to the master, which the kernel knows without sending anything. */
    static InetAddress towards(InetAddress master) {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(new InetSocketAddress(master, 9));
            InetAddress own = socket.getLocalAddress();
            // Many machines name themselves 127.0.1.1 in /etc/hosts: nobody else can reach them there.
            boolean selfNamed = own.isLoopbackAddress() && !isPlainLoopback(master);
            return selfNamed ? external(own) : own;
        } catch (IOException | java.io.UncheckedIOException e) {
            throw LockstepException.recipe(
                    GroupEnvironment.MASTER_ADDR + " = " + master.getHostAddress() + " cannot be reached: "
                            + e.getMessage(),
                    "no route from this machine",
                    "give an address of rank 0 that is reachable from here");
        }
    }

    private static boolean isPlainLoopback(InetAddress master) {
        return master.getHostAddress().equals("127.0.0.1")
                || master.equals(InetAddress.getLoopbackAddress())
                || !(master instanceof Inet4Address);
    }

    /** The first IPv4 address of this machine that others can reach, else the given one. */
    private static InetAddress external(InetAddress otherwise) throws SocketException {
        for (NetworkInterface candidate : Collections.list(NetworkInterface.getNetworkInterfaces())) {
            if (candidate.isUp() && !candidate.isLoopback()) {
                for (InetAddress address : Collections.list(candidate.getInetAddresses())) {
                    if (address instanceof Inet4Address) {
                        return address;
                    }
                }
            }
        }
        return otherwise;
    }
}
