package dev.lockstep.collective;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.supervise.Connection;
import dev.lockstep.supervise.GroupFailure;
import dev.lockstep.supervise.HostName;
import dev.lockstep.supervise.MemberEvent;
import dev.lockstep.supervise.NextGroup;
import dev.lockstep.supervise.PeerMonitor;
import dev.lockstep.supervise.Place;
import dev.lockstep.supervise.Succession;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How a process enters its group. It joins at the supervisor; when all have joined, each receives the addresses of the
 * others and connects to each. All of these connections prove the group's secret.
 *
 * <p>Addresses: a process that connects to the supervisor has a local address on that route, and listens there for data.
 * A process beside the supervisor may have connected over the loopback address, which others cannot reach; these then
 * use the address at which they reach the supervisor. A named network interface overrides all of it.
 */
final class Rendezvous {
    /** How a process joins at its supervisor. */
    interface Entry {
        SupervisorWatch enter();
    }

    private final int rank;
    private final int size;
    private final Terms terms;
    private final Optional<InetAddress> named;
    private @Nullable DataPort dataPort;
    private @Nullable SupervisorWatch watch;

    /** @param named the address on which the others reach this process; empty for that of the route to the supervisor */
    Rendezvous(int rank, int size, Terms terms, Optional<InetAddress> named) {
        this.rank = rank;
        this.size = size;
        this.terms = terms;
        this.named = named;
    }

    /** Joins at the address in a membership. */
    static SocketGroup join(Membership place, Terms terms) {
        Optional<InetAddress> named = LocalAddress.ofInterface(terms.options().networkInterface());
        Rendezvous rendezvous = new Rendezvous(place.rank(), place.size(), terms, named);
        Connection.Request request = rendezvous.request(place.supervisor().isLoopback());
        return rendezvous.join(() -> SupervisorWatch.supervised(place.supervisor(), request, place.rank(), terms));
    }

    /** Blocks until all P processes are connected. After a failure nothing stays open. */
    SocketGroup join(Entry entry) {
        return join(entry, roster -> {});
    }

    /** @param gathered receives all processes by rank, once they are known */
    SocketGroup join(Entry entry, Consumer<Map<Integer, PeerMonitor.Member>> gathered) {
        SupervisorWatch watch = enter(entry);
        this.watch = watch;
        try (DataPort port = dataPort) {
            if (port == null) {
                throw new IllegalStateException("joined without a place");
            }
            Map<Integer, PeerMonitor.Member> roster =
                    watch.awaitRoster(size, terms.options().joinTimeout());
            gathered.accept(roster);
            roster.forEach((member, at) ->
                    terms.options().events().accept(new MemberEvent(MemberEvent.What.JOINED, member, at.host(), "")));
            return group(watch, port.connect(roster, watch), processesHere(roster));
        } catch (IOException e) {
            throw lost(
                    watch,
                    LockstepException.worker("the processes cannot connect: " + e.getMessage(), "", "see their logs"));
        } catch (RuntimeException e) {
            throw lost(watch, e);
        } catch (Error e) {
            watch.failed(GroupFailure.words(e));
            watch.close();
            throw e;
        }
    }

    /** Joins a group of one, which needs no data port. */
    SupervisorWatch enterAlone(Entry entry) {
        SupervisorWatch entered = enter(entry);
        watch = entered;
        return entered;
    }

    /** Whether this process has reached its supervisor. */
    boolean hasEntered() {
        return watch != null;
    }

    /** After a failure to join: this process's place in the group that follows. */
    Optional<NextGroup> next() {
        SupervisorWatch entered = watch;
        if (entered == null) {
            return Optional.empty();
        }
        entered.awaitVerdict();
        return entered.next();
    }

    /** The waiting processes get the reason instead of a report that this process vanished. */
    private static RuntimeException lost(SupervisorWatch watch, RuntimeException failure) {
        watch.failed(GroupFailure.words(failure));
        watch.close();
        return failure;
    }

    /** A process that failed to join must not stay reachable. */
    private SupervisorWatch enter(Entry entry) {
        try {
            return entry.enter();
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

    private SocketGroup group(Watch watch, Map<Integer, SocketChannel> channels, int processesHere) throws IOException {
        Map<Integer, Link> links = new HashMap<>();
        Selector selector = null;
        try {
            selector = Selector.open();
            for (Map.Entry<Integer, SocketChannel> channel : channels.entrySet()) {
                links.put(channel.getKey(), new Link(channel.getKey(), channel.getValue(), selector));
            }
        } catch (IOException e) {
            for (SocketChannel channel : channels.values()) {
                channel.close();
            }
            if (selector != null) {
                selector.close();
            }
            throw e;
        }
        return new SocketGroup(
                rank,
                size,
                processesHere,
                links,
                selector,
                watch,
                terms.options().callTimeout());
    }

    /**
     * Listens for data once the local address on the route to the supervisor is known, and returns the address.
     *
     * @param local whether the whole group is on this machine
     */
    Connection.Request request(boolean local) {
        return channel -> {
            if (dataPort == null) {
                InetAddress own = channel.socket().getLocalAddress();
                dataPort = new DataPort(rank, size, new InetSocketAddress(bindAddress(own, local), 0), terms);
            }
            String host = named.map(InetAddress::getHostAddress).orElse(Place.SAME);
            Place place = Place.of(rank, size, host, dataPort.port());
            Succession heirs = terms.succession();
            return (heirs == null ? place : heirs.standingBy(place)).request();
        };
    }

    /**
     * @param own the address on the way to the supervisor
     * @param local whether the whole group is on this machine
     */
    InetAddress bindAddress(InetAddress own, boolean local) {
        boolean reachable = !own.isLoopbackAddress() || local;
        return named.orElseGet(() -> reachable ? own : new InetSocketAddress(0).getAddress());
    }
}
