package dev.lockstep.collective;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.launch.Elastic;
import dev.lockstep.launch.GroupEnvironment;
import dev.lockstep.supervise.NextGroup;
import dev.lockstep.supervise.Place;
import dev.lockstep.supervise.Succession;
import dev.lockstep.supervise.Supervisor;
import dev.lockstep.supervise.SupervisorAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.Supplier;

/**
 * How a process finds an elastic group that no launcher keeps, when the environment describes the group. It reports in the
 * lobby at MASTER_ADDR and MASTER_PORT, and gets its place from there; RANK is its number for as long as it lives. The
 * first lobby is that of the process with rank 0, if MASTER_ADDR is an address of its machine. When the group's file says
 * that it runs already, the process joins it where its keeper is now, with a number that no process has had.
 */
final class HostedRendezvous {
    private HostedRendezvous() {}

    static Collective join(GroupEnvironment place, Map<String, String> environment, Terms asked) {
        requirePort(place, environment);
        Elastic elastic = asked.options().elastic().orElseThrow();
        String option = asked.options().networkInterface();
        Optional<InetAddress> named =
                LocalAddress.ofInterface(option.isEmpty() ? LocalAddress.interfaceName(environment) : option);
        boolean local = SupervisorAddress.isLoopback(place.masterAddress());
        InetAddress bind =
                named.orElseGet(() -> local ? InetAddress.getLoopbackAddress() : new InetSocketAddress(0).getAddress());
        Lobby lobby = new Lobby(place, asked);
        IntFunction<Succession> successions = number -> new Succession(
                number,
                bind,
                place.masterPort(),
                asked.secret(),
                elastic.least(),
                elastic.most(),
                asked.options().peerTimeout(),
                asked.options().notices(),
                lobby.file());
        if (isHome(place, local) && !lobby.isFound()) {
            Succession succession = successions.apply(place.rank());
            Terms terms = asked.with(succession);
            Optional<Collective> founded = closingOnFailure(succession, () -> {
                lobby.isAt(found(place, elastic, terms, succession, local));
                return lobby.awaitPlace().map(first -> joinNext(first, terms, succession));
            });
            if (founded.isPresent()) {
                return founded.get();
            }
            succession.close();
        }
        NextGroup first = lobby.awaitPlace().orElseThrow();
        Succession succession = successions.apply(lobby.number());
        return closingOnFailure(succession, () -> joinNext(first, asked.with(succession), succession));
    }

    private static <T> T closingOnFailure(Succession succession, Supplier<T> joining) {
        try {
            return joining.get();
        } catch (RuntimeException | Error e) {
            succession.close();
            throw e;
        }
    }

    /** Whether this process is the home of the first keeper. */
    private static boolean isHome(GroupEnvironment place, boolean local) {
        return place.rank() == 0
                && (local
                        || LocalAddress.find(place.masterAddress())
                                .filter(LocalAddress::isOwn)
                                .isPresent());
    }

    private static void requirePort(GroupEnvironment place, Map<String, String> environment) {
        if (AgentStore.isUsed(environment)) {
            throw LockstepException.recipe(
                    "--elastic under torchrun's agent, which ends all processes when one ends",
                    "launcher = " + place.job().launcher(),
                    "leave --elastic out, or start the processes with 'lockstep launch', srun or by hand");
        }
        if (place.masterPort() == 0) {
            throw LockstepException.recipe(
                    GroupEnvironment.MASTER_PORT + " = 0 lets rank 0 choose the port",
                    "the others of an elastic group could not find it",
                    "choose a port that is free on the machine of rank 0");
        }
    }

    private static SupervisorAddress found(
            GroupEnvironment place, Elastic elastic, Terms terms, Succession succession, boolean local) {
        if (!terms.secret().isKnown() && !local) {
            terms.options().notices().accept(Supervisor.withoutSecret(place.masterPort()));
        }
        if (2 * elastic.least() <= place.size()) {
            terms.options()
                    .notices()
                    .accept("if the network parts this group, both parts may continue with MIN = " + elastic.least()
                            + "; a MIN above half of WORLD_SIZE = " + place.size() + " prevents it");
        }
        try {
            return succession.found(place.size(), place.masterAddress());
        } catch (IOException e) {
            throw LockstepException.recipe(
                    "rank 0 cannot listen: " + e.getMessage(),
                    GroupEnvironment.MASTER_PORT + " = " + place.masterPort(),
                    "choose another port for all processes");
        }
    }

    /** Joins a generation; if it ends before it is complete, the next one. */
    static Collective joinNext(NextGroup first, Terms terms, Succession succession) {
        NextGroup next = first;
        while (true) {
            NextGroup place = next;
            Rendezvous rendezvous = new Rendezvous(
                    place.rank(),
                    place.size(),
                    terms,
                    LocalAddress.ofInterface(terms.options().networkInterface()));
            try {
                if (place.size() == 1) {
                    SupervisorWatch watch = rendezvous.enterAlone(() -> SupervisorWatch.kept(
                            place,
                            channel -> succession
                                    .standingBy(Place.of(0, 1, Place.SAME, 0))
                                    .request(),
                            terms,
                            succession));
                    succession.follow(Map.of(), place.keeper());
                    return new SoloCollective(watch, terms);
                }
                return Collectives.over(
                        rendezvous.join(
                                () -> SupervisorWatch.kept(
                                        place, rendezvous.request(succession.isLocal()), terms, succession),
                                roster -> succession.follow(roster, place.keeper())),
                        terms,
                        terms.options().networkInterface());
            } catch (LockstepException e) {
                // If it has not entered, the keeper is lost.
                Optional<NextGroup> later =
                        rendezvous.hasEntered() ? rendezvous.next() : succession.next(e.getMessage());
                next = later.orElseThrow(() -> e);
            }
        }
    }
}
