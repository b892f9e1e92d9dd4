package dev.lockstep.collective;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.launch.GroupEnvironment;
import dev.lockstep.supervise.HostName;
import dev.lockstep.supervise.NextGroup;
import dev.lockstep.supervise.Supervisor;
import dev.lockstep.supervise.SupervisorAddress;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds the supervisor when the environment describes the group: in the launcher, or in rank 0, which runs one
 * at MASTER_ADDR and MASTER_PORT. {@value LocalAddress#INTERFACE} names the network interface for data.
 */
final class EnvironmentRendezvous {
    /** For processes of one machine, which start together. */
    private static final Duration ON_ONE_MACHINE = Duration.ofSeconds(60);

    private final GroupEnvironment place;
    /** Whether MASTER_ADDR cannot be right, unless what the launcher takes for several machines is one. */
    private final boolean masterLeadsHere;

    private final Map<String, String> environment;
    private final Terms terms;
    private final Optional<InetAddress> named;
    private final Rendezvous rendezvous;

    EnvironmentRendezvous(GroupEnvironment place, Map<String, String> environment, Terms asked) {
        this.place = place;
        this.environment = environment;
        this.masterLeadsHere = masterLeadsHere(place);
        this.terms = masterLeadsHere ? asked.withJoinTimeoutAtMost(ON_ONE_MACHINE) : asked;
        String option = terms.options().networkInterface();
        this.named = LocalAddress.ofInterface(option.isEmpty() ? LocalAddress.interfaceName(environment) : option);
        this.rendezvous = new Rendezvous(place.rank(), place.size(), terms, named);
    }

    private static boolean masterLeadsHere(GroupEnvironment place) {
        if (SupervisorAddress.isLoopback(place.masterAddress())) {
            return place.isSpread() || place.isAwayFromRankZero();
        }
        return place.isAwayFromRankZero()
                && LocalAddress.find(place.masterAddress())
                        .filter(InetAddress::isLoopbackAddress)
                        .isPresent();
    }

    /** After a failure to join: this process's place in the group that follows. */
    Optional<NextGroup> next() {
        return rendezvous.next();
    }

    /** Blocks until all P processes are connected. */
    SocketGroup join() {
        try {
            return joined();
        } catch (LockstepException e) {
            if (masterLeadsHere && e.exitCode() == LockstepException.Kind.WORKER.exitCode()) {
                throw LockstepException.worker(
                        master() + " leads to this machine itself, but "
                                + place.job().launcher() + " says that the group has several machines",
                        e.getMessage(),
                        "give an address of rank 0's machine that the others can reach; /etc/hosts may map its name to"
                                + " a loopback address");
            }
            throw e;
        }
    }

    private SocketGroup joined() {
        if (!AgentStore.isUsed(environment)
                || SupervisorAddress.from(environment).isPresent()) {
            return rendezvous.join(() -> enter(null));
        }
        try (AgentStore agent = new AgentStore(place)) {
            return rendezvous.join(() -> enter(agent));
        }
    }

    private SupervisorWatch enter(@Nullable AgentStore agent) {
        Optional<SupervisorAddress> launcher = SupervisorAddress.from(environment);
        if (launcher.isPresent()) {
            boolean local = launcher.get().isLoopback();
            return SupervisorWatch.launched(launcher.get(), rendezvous.request(local), place.rank(), terms);
        }
        if (place.masterPort() == 0) {
            throw LockstepException.recipe(
                    GroupEnvironment.MASTER_PORT + " = 0 lets rank 0 choose the port",
                    "only Lockstep's own launcher can pass it to the others",
                    "choose a port that is free on the machine of rank 0");
        }
        if (place.rank() == 0) {
            if (agent == null) {
                requireOwnMaster();
            }
            return keeper(agent);
        }
        SupervisorAddress master = new SupervisorAddress(place.masterAddress(), place.masterPort());
        return SupervisorWatch.member(
                agent == null ? () -> master : agent::read, rendezvous.request(isLocal()), place.rank(), terms);
    }

    /** The others look for rank 0 at an address; here it is known whether that is this machine's. */
    private void requireOwnMaster() {
        Optional<InetAddress> master = LocalAddress.find(place.masterAddress());
        if (master.isEmpty() || LocalAddress.isOwn(master.get())) {
            return;
        }
        String what = master() + " is not an address of " + HostName.own() + ", where rank 0 runs";
        if (!environment.containsKey(GroupEnvironment.MASTER_ADDR)) {
            throw LockstepException.recipe(
                    what,
                    "launcher = " + place.job().launcher(),
                    "set " + GroupEnvironment.MASTER_ADDR + " to an address of " + HostName.own()
                            + " for all processes (Open MPI: mpirun -x "
                            + GroupEnvironment.MASTER_ADDR + "=HOST)");
        }
        terms.options().notices().accept(what + ": unless it is forwarded to it, the others will not find rank 0");
    }

    private String master() {
        return GroupEnvironment.MASTER_ADDR + " = " + place.masterAddress();
    }

    private boolean isLocal() {
        return SupervisorAddress.isLoopback(place.masterAddress());
    }

    /**
     * Where the others may look for rank 0. A named interface keeps strangers on the others out, if that is where
     * MASTER_ADDR leads.
     */
    private InetAddress supervisorAddress() {
        Optional<InetAddress> master = LocalAddress.find(place.masterAddress()).filter(LocalAddress::isOwn);
        if (isLocal()) {
            return master.orElseGet(InetAddress::getLoopbackAddress);
        }
        return named.filter(only -> master.isEmpty() || master.get().equals(only))
                .orElseGet(() -> new InetSocketAddress(0).getAddress());
    }

    private SupervisorWatch keeper(@Nullable AgentStore agent) {
        if (!terms.secret().isKnown() && !isLocal()) {
            terms.options().notices().accept(Supervisor.withoutSecret(place.masterPort()));
        }
        InetSocketAddress where = new InetSocketAddress(supervisorAddress(), agent == null ? place.masterPort() : 0);
        try {
            return SupervisorWatch.keeper(where, place.size(), rendezvous.request(isLocal()), terms, address -> {
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
}
