package dev.lockstep.collective;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.supervise.SupervisorAddress;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

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

    /** How long a process waits for others that were started later or on slower machines. */
    private static final Duration JOIN_TIMEOUT = Duration.ofMinutes(5);

    /**
     * How long a message may take. Long, because a process may wait for one that does something else, such as fetching
     * data; dead and stopped processes are the watch's concern.
     */
    private static final Duration MESSAGE_TIMEOUT = Duration.ofMinutes(30);

    private Collectives() {}

    /** {@link #fromEnvironment(Mode, Duration)} in the tree's order, with the usual timeout. */
    public static Collective fromEnvironment() {
        return fromEnvironment(Mode.TREE, PEER_TIMEOUT);
    }

    /**
     * Joins the group that RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT describe (torchrun's contract), and
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

    /** Whether the environment names a group, be it of one process. */
    public static boolean isInGroup() {
        return GroupEnvironment.from(System.getenv()).isPresent();
    }

    /** Whether the environment names a group that another launcher than ours started. */
    public static boolean isInGroupOfAnother() {
        return isInGroup() && SupervisorAddress.from(System.getenv()).isEmpty();
    }

    /**
     * The variables that place a process into a group on this machine, for who starts it. Rank 0 takes a free port and tells
     * it to the others through the supervisor.
     */
    public static Map<String, String> localPlace(int rank, int size, SupervisorAddress supervisor) {
        return Map.of(
                GroupEnvironment.RANK,
                Integer.toString(rank),
                GroupEnvironment.WORLD_SIZE,
                Integer.toString(size),
                GroupEnvironment.LOCAL_RANK,
                Integer.toString(rank),
                GroupEnvironment.MASTER_ADDR,
                "127.0.0.1",
                GroupEnvironment.MASTER_PORT,
                "0",
                SupervisorAddress.VARIABLE,
                supervisor.toString());
    }

    static Collective fromEnvironment(Mode mode, Duration peerTimeout, Map<String, String> environment) {
        Optional<GroupEnvironment> place = GroupEnvironment.from(environment);
        if (place.isEmpty()) {
            return new SoloCollective();
        }
        if (place.get().size() == 1) {
            return SupervisorAddress.from(environment)
                    .map(launcher -> new SoloCollective(new LaunchedWatch(launcher, 0, peerTimeout)))
                    .orElseGet(SoloCollective::new);
        }
        return over(mode, join(peerTimeout, environment));
    }

    /** Joins the group that the environment names. */
    static GlooGroup join(Duration peerTimeout, Map<String, String> environment) {
        GroupEnvironment here = GroupEnvironment.from(environment).orElseThrow();
        Watch watch = SupervisorAddress.from(environment)
                .<Watch>map(launcher -> new LaunchedWatch(launcher, here.rank(), peerTimeout))
                .orElseGet(() -> new HostedWatch(here, peerTimeout));
        return new Rendezvous(here, environment, watch, JOIN_TIMEOUT, MESSAGE_TIMEOUT).join();
    }

    static Collective over(Mode mode, GlooGroup group) {
        return mode == Mode.TREE ? new TreeCollective(group) : new NativeCollective(group);
    }
}
