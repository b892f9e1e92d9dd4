package dev.lockstep.collective;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.launch.GroupEnvironment;
import dev.lockstep.supervise.Connection;
import dev.lockstep.supervise.FailureReport;
import dev.lockstep.supervise.GroupSecret;
import dev.lockstep.supervise.HostName;
import dev.lockstep.supervise.PeerMonitor;
import dev.lockstep.supervise.Place;
import dev.lockstep.supervise.SupervisorAddress;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How processes find each other. Every process joins at the supervisor: the launcher's, or the one that rank 0 keeps at
 * MASTER_ADDR and MASTER_PORT. When all are there each learns where the others listen, and connects to each. All of these
 * connections prove the group's secret.
 *
 * <p>Which addresses: whoever connects to MASTER_ADDR has an address of its own on that route, and listens there for data. A
 * process beside rank 0 may have come over the loopback address, which others cannot reach; those then take the address at
 * which they reach rank 0. {@value LocalAddress#INTERFACE} overrides all of it.
 */
final class Rendezvous {
    private final GroupEnvironment place;
    private final Map<String, String> environment;
    private final Terms terms;
    private final Optional<InetAddress> named;
    private @Nullable DataPort dataPort;

    Rendezvous(GroupEnvironment place, Map<String, String> environment, Terms terms) {
        this.place = place;
        this.environment = environment;
        this.terms = terms;
        this.named = LocalAddress.ofInterface(environment);
    }

    /** Blocks until all P processes are connected. */
    SocketGroup join() {
        Membership membership = membershipOrNoPort();
        try (DataPort port = dataPort) {
            if (port == null) {
                throw new IllegalStateException("joined without a place");
            }
            Map<Integer, PeerMonitor.Member> roster = membership.awaitRoster(place.size(), terms.joinTimeout());
            return group(membership, port.connect(roster), processesHere(roster));
        } catch (IOException e) {
            LockstepException failure =
                    LockstepException.worker("the processes cannot connect: " + e.getMessage(), "", "see their logs");
            membership.failed(FailureReport.words(failure));
            throw failure;
        } catch (RuntimeException | Error e) {
            // Those that wait hear why, and not that this process has vanished.
            membership.failed(FailureReport.words(e));
            throw e;
        }
    }

    /** A process that could not join must not stay reachable. */
    private Membership membershipOrNoPort() {
        try {
            return membership();
        } catch (RuntimeException | Error e) {
            if (dataPort != null) {
                dataPort.close();
            }
            throw e;
        }
    }

    private int processesHere(Map<Integer, PeerMonitor.Member> roster) {
        String here = HostName.own();
        return Math.toIntExact(roster.values().stream()
                .filter(member -> member.host().equals(here))
                .count());
    }

    private SocketGroup group(Membership membership, Map<Integer, SocketChannel> channels, int processesHere)
            throws IOException {
        Selector selector = Selector.open();
        Map<Integer, Link> links = new HashMap<>();
        for (Map.Entry<Integer, SocketChannel> channel : channels.entrySet()) {
            links.put(channel.getKey(), new Link(channel.getKey(), channel.getValue(), selector));
        }
        return new SocketGroup(
                place.rank(), place.size(), processesHere, links, selector, membership, terms.callTimeout());
    }

    private Membership membership() {
        Optional<SupervisorAddress> launcher = SupervisorAddress.from(environment);
        if (launcher.isPresent()) {
            boolean local = launcher.get().isLoopback();
            return Membership.launched(launcher.get(), request(local), place.rank(), terms);
        }
        if (place.masterPort() == 0) {
            throw LockstepException.recipe(
                    GroupEnvironment.MASTER_PORT + " = 0 leaves the port to rank 0",
                    "only Lockstep's own launcher can tell it to the others",
                    "give a port that is free on the machine of rank 0");
        }
        AgentStore agent = AgentStore.isUsed(environment) ? new AgentStore(place) : null;
        if (place.rank() == 0) {
            return keeper(agent);
        }
        SupervisorAddress master = new SupervisorAddress(place.masterAddress(), place.masterPort());
        return Membership.member(agent == null ? () -> master : agent::read, request(isLocal()), place.rank(), terms);
    }

    private boolean isLocal() {
        return SupervisorAddress.isLoopback(place.masterAddress());
    }

    private Membership keeper(@Nullable AgentStore agent) {
        warnWithoutSecret();
        InetSocketAddress where = new InetSocketAddress(
                bindAddress(InetAddress.getLoopbackAddress(), isLocal()), agent == null ? place.masterPort() : 0);
        try {
            return Membership.keeper(where, place.size(), request(isLocal()), terms, address -> {
                if (agent != null) {
                    agent.write(named, address.port());
                }
            });
        } catch (BindException e) {
            throw LockstepException.recipe(
                    GroupEnvironment.MASTER_PORT + " = " + place.masterPort() + " is taken",
                    "rank 0 cannot listen there",
                    "choose another port for all processes");
        } catch (IOException e) {
            throw LockstepException.recipe(
                    "rank 0 cannot listen: " + e.getMessage(), "address = " + where, "give a free port");
        }
    }

    private void warnWithoutSecret() {
        if (!terms.secret().isKnown() && !isLocal()) {
            terms.notices()
                    .accept(
                            "this group has no secret: whoever can connect to this machine's port " + place.masterPort()
                                    + " can join it, end it and change its weights; set " + GroupSecret.VARIABLE
                                    + " to a file with the same random text on every machine, or keep others out of the network");
        }
    }

    /** Listens for data once the own address on the way to the supervisor is known, and tells where. */
    private Connection.Request request(boolean local) {
        return channel -> {
            if (dataPort == null) {
                InetAddress own = channel.socket().getLocalAddress();
                InetSocketAddress where = new InetSocketAddress(bindAddress(own, local), 0);
                dataPort = new DataPort(place.rank(), place.size(), where, terms);
            }
            String host = named.map(InetAddress::getHostAddress).orElse(Place.SAME);
            return Place.of(place.rank(), place.size(), host, dataPort.port()).request();
        };
    }

    /**
     * @param own the address on the way to the supervisor
     * @param local whether the whole group is on this machine
     */
    private InetAddress bindAddress(InetAddress own, boolean local) {
        boolean reachable = !own.isLoopbackAddress() || local;
        return named.orElseGet(() -> reachable ? own : new InetSocketAddress(0).getAddress());
    }
}
