package dev.lockstep.collective;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.launch.GroupEnvironment;
import dev.lockstep.supervise.Connection;
import dev.lockstep.supervise.FailurePolicy;
import dev.lockstep.supervise.GroupSecret;
import dev.lockstep.supervise.NextGroup;
import dev.lockstep.supervise.SupervisorAddress;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** How a process joins its group. */
public final class Collectives {
    /** How sums over processes are computed. */
    public enum Mode {
        /** In the order of {@link dev.lockstep.topology.ReductionTree}: the bits do not depend on P. */
        TREE,
        /** With c10d's all-reduce, for comparison. */
        NATIVE
    }

    private Collectives() {}

    /** {@link #join(Membership, GroupOptions, FailurePolicy)} with {@link GroupOptions#defaults}. */
    public static Collective join(Membership place, FailurePolicy policy) {
        return join(place, GroupOptions.defaults(), policy);
    }

    /**
     * Joins a group whose supervisor the caller runs ({@link dev.lockstep.supervise.Supervisor#start}), and waits until all
     * of its processes are connected. A JVM may be in several groups at once, and in one after another.
     *
     * @param policy called once when another process fails or the supervisor is lost; waiting calls of this process
     *     then throw, and so do all later calls
     * @throws LockstepException of kind WORKER when the supervisor or other processes do not connect in time, the
     *     group fails meanwhile or this thread is interrupted; of kind RECIPE when the secret is not the group's, the
     *     rank is taken, the size differs, or the options do not fit the policy
     */
    public static Collective join(Membership place, GroupOptions options, FailurePolicy policy) {
        requireFit(options, policy);
        Terms terms = new Terms(place.secret(), options, policy);
        if (place.size() == 1) {
            return new SoloCollective(
                    SupervisorWatch.supervised(
                            place.supervisor(), SupervisorWatch.withoutData(0, 1), place.rank(), terms),
                    terms);
        }
        return over(Rendezvous.join(place, terms), terms, options.networkInterface());
    }

    /**
     * Joins the next group after the keeper has sent this process there; if that group ends before it is complete, the one
     * after it, and so on.
     */
    static Collective joinNext(NextGroup first, Terms terms) {
        if (terms.succession() != null) {
            return HostedRendezvous.joinNext(first, terms, terms.succession());
        }
        NextGroup next = first;
        while (true) {
            Connection.Request alone = SupervisorWatch.withoutData(0, 1);
            if (next.size() == 1) {
                return new SoloCollective(SupervisorWatch.launched(next.supervisor(), alone, 0, terms), terms);
            }
            Optional<NextGroup> later;
            Rendezvous rendezvous = new Rendezvous(
                    next.rank(),
                    next.size(),
                    terms,
                    LocalAddress.ofInterface(terms.options().networkInterface()));
            try {
                NextGroup place = next;
                return over(
                        rendezvous.join(() -> SupervisorWatch.launched(
                                place.supervisor(),
                                rendezvous.request(place.supervisor().isLoopback()),
                                place.rank(),
                                terms)),
                        terms,
                        terms.options().networkInterface());
            } catch (LockstepException e) {
                later = rendezvous.next();
                if (later.isEmpty()) {
                    throw e;
                }
            }
            next = later.get();
        }
    }

    /** {@link #fromEnvironment(GroupOptions, FailurePolicy)} with default options; after a failure, calls throw. */
    public static Collective fromEnvironment() {
        return fromEnvironment(GroupOptions.defaults(), FailurePolicy.THROW);
    }

    /**
     * Joins the group that the launcher of this process describes in the environment (torchrun, srun, mpirun, Kubeflow
     * Trainer, or RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT), and waits for all its processes. If there is none, the
     * group has one process and nothing native is loaded.
     *
     * @param policy called once when another process fails
     * @throws LockstepException of kind RECIPE when the variables are incomplete or wrong, the port is taken or the
     *     options do not fit the policy; of kind WORKER when other processes do not connect
     */
    public static Collective fromEnvironment(GroupOptions options, FailurePolicy policy) {
        return fromEnvironment(options, policy, System.getenv());
    }

    /** The number of processes, possibly one, of the group that the environment describes; empty when it describes none. */
    public static OptionalInt sizeInEnvironment() {
        return GroupEnvironment.from(System.getenv()).stream()
                .mapToInt(GroupEnvironment::size)
                .findFirst();
    }

    /** Whether the environment describes a group, possibly of one process. */
    public static boolean isInGroup() {
        return GroupEnvironment.from(System.getenv()).isPresent();
    }

    /** Whether the environment describes a group that another launcher started. */
    public static boolean isInGroupOfAnother() {
        return isInGroup() && SupervisorAddress.from(System.getenv()).isEmpty();
    }

    static Collective fromEnvironment(GroupOptions options, FailurePolicy policy, Map<String, String> environment) {
        Optional<GroupEnvironment> place = GroupEnvironment.from(environment);
        if (place.isEmpty()) {
            return new SoloCollective();
        }
        if (options.elastic().isPresent() && SupervisorAddress.from(environment).isEmpty()) {
            return HostedRendezvous.join(
                    place.get(), environment, new Terms(GroupSecret.from(environment), options, policy));
        }
        if (place.get().size() == 1) {
            Terms terms = new Terms(GroupSecret.from(environment), options, policy);
            return SupervisorAddress.from(environment)
                    .map(launcher -> new SoloCollective(
                            SupervisorWatch.launched(launcher, SupervisorWatch.withoutData(0, 1), 0, terms), terms))
                    .orElseGet(SoloCollective::new);
        }
        requireFit(options, policy);
        String named = options.networkInterface();
        Terms terms = new Terms(GroupSecret.from(environment), options, policy);
        EnvironmentRendezvous rendezvous = new EnvironmentRendezvous(place.get(), environment, terms);
        try {
            return over(rendezvous.join(), terms, named.isEmpty() ? LocalAddress.interfaceName(environment) : named);
        } catch (LockstepException e) {
            return joinNext(rendezvous.next().orElseThrow(() -> e), terms);
        }
    }

    /** Joins the group that the environment describes. */
    static SocketGroup socketGroup(GroupOptions options, FailurePolicy policy, Map<String, String> environment) {
        GroupEnvironment here = GroupEnvironment.from(environment).orElseThrow();
        Terms terms = new Terms(GroupSecret.from(environment), options, policy);
        return new EnvironmentRendezvous(here, environment, terms).join();
    }

    /** A thread that waits in c10d when a process fails cannot be released; it would keep its tensors and its core. */
    private static void requireFit(GroupOptions options, FailurePolicy policy) {
        if (options.mode() == Mode.NATIVE && !policy.endsProcess()) {
            throw LockstepException.recipe(
                    "c10d's all-reduce needs a failure policy that ends the process: its calls may wait forever",
                    "mode = NATIVE",
                    "use mode = TREE, or a policy whose endsProcess() is true");
        }
    }

    static Collective over(SocketGroup group, Terms terms, String networkInterface) {
        return terms.options().mode() == Mode.TREE
                ? new TreeCollective(group, terms)
                : new NativeCollective(group, networkInterface);
    }
}
