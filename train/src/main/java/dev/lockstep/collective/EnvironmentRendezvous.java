package dev.lockstep.collective;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.launch.GroupEnvironment;
import dev.lockstep.supervise.Supervisor;
import dev.lockstep.supervise.SupervisorAddress;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds the supervisor when the environment describes the group: in the launcher, or in rank 0, which runs one
 * at MASTER_ADDR and MASTER_PORT. {@value LocalAddress#INTERFACE} names the network interface for data.
 */
final class EnvironmentRendezvous {
    private final GroupEnvironment place;
    private final Map<String, String> environment;
    private final Terms terms;
    private final Optional<InetAddress> named;
    private final Rendezvous rendezvous;

    EnvironmentRendezvous(GroupEnvironment place, Map<String, String> environment, Terms terms) {
        this.place = place;
        this.environment = environment;
        this.terms = terms;
        String option = terms.options().networkInterface();
        this.named = LocalAddress.ofInterface(option.isEmpty() ? LocalAddress.interfaceName(environment) : option);
        this.rendezvous = new Rendezvous(place.rank(), place.size(), terms, named);
    }

    /** Blocks until all P processes are connected. */
    SocketGroup join() {
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
            return keeper(agent);
        }
        SupervisorAddress master = new SupervisorAddress(place.masterAddress(), place.masterPort());
        return SupervisorWatch.member(
                agent == null ? () -> master : agent::read, rendezvous.request(isLocal()), place.rank(), terms);
    }

    private boolean isLocal() {
        return SupervisorAddress.isLoopback(place.masterAddress());
    }

    private SupervisorWatch keeper(@Nullable AgentStore agent) {
        if (!terms.secret().isKnown() && !isLocal()) {
            terms.options().notices().accept(Supervisor.withoutSecret(place.masterPort()));
        }
        InetSocketAddress where = new InetSocketAddress(
                rendezvous.bindAddress(InetAddress.getLoopbackAddress(), isLocal()),
                agent == null ? place.masterPort() : 0);
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
