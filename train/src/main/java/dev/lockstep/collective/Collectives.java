package dev.lockstep.collective;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.launch.GroupEnvironment;
import dev.lockstep.supervise.SupervisorAddress;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** How a process joins its group. */
public final class Collectives {
    /** How sums over processes are made. */
    public enum Mode {
        /** In the order of {@link dev.lockstep.topology.ReductionTree}: the bits do not depend on P. */
        TREE,
        /** By c10d's own all-reduce, for comparison. */
        NATIVE
    }

    /** After which a process that shows no sign of life counts as failed. */
    public static final Duration PEER_TIMEOUT = Duration.ofSeconds(30);

    private Collectives() {}

    /** {@link #fromEnvironment(Mode, Duration)} in the tree's order, with the usual timeout. */
    public static Collective fromEnvironment() {
        return fromEnvironment(Mode.TREE, PEER_TIMEOUT);
    }

    /**
     * Joins the group that RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT describe (torchrun's contract), and
     * waits for all its processes. None of them set: a group of one, for which nothing native is loaded. When another
     * process fails later, this one prints which and why and ends with exit code 4.
     *
     * @param peerTimeout how long a process may give no sign of life
     *
     * @throws LockstepException of kind RECIPE when the variables are incomplete or wrong or the port is taken; of kind
     *     WORKER when other processes do not come
     */
    public static Collective fromEnvironment(Mode mode, Duration peerTimeout) {
        return fromEnvironment(mode, peerTimeout, System.getenv());
    }

    /** The number of processes of the group that the environment names, be it of one; empty when it names none. */
    public static OptionalInt sizeInEnvironment() {
        return GroupEnvironment.from(System.getenv()).stream()
                .mapToInt(GroupEnvironment::size)
                .findFirst();
    }

    /** Whether the environment names a group, be it of one process. */
    public static boolean isInGroup() {
        return GroupEnvironment.from(System.getenv()).isPresent();
    }

    /** Whether the environment names a group that another launcher than ours started. */
    public static boolean isInGroupOfAnother() {
        return isInGroup() && SupervisorAddress.from(System.getenv()).isEmpty();
    }

    static Collective fromEnvironment(Mode mode, Duration peerTimeout, Map<String, String> environment) {
        Optional<GroupEnvironment> place = GroupEnvironment.from(environment);
        if (place.isEmpty()) {
            return new SoloCollective();
        }
        if (place.get().size() == 1) {
            return SupervisorAddress.from(environment)
                    .map(launcher -> new SoloCollective(Membership.launched(
                            launcher, Membership.withoutData(0, 1), 0, Terms.of(peerTimeout, environment))))
                    .orElseGet(SoloCollective::new);
        }
        return over(mode, join(peerTimeout, environment), environment);
    }

    /** Joins the group that the environment names. */
    static SocketGroup join(Duration peerTimeout, Map<String, String> environment) {
        GroupEnvironment here = GroupEnvironment.from(environment).orElseThrow();
        return new Rendezvous(here, environment, Terms.of(peerTimeout, environment)).join();
    }

    static Collective over(Mode mode, SocketGroup group, Map<String, String> environment) {
        return mode == Mode.TREE ? new TreeCollective(group) : new NativeCollective(group, environment);
    }
}
