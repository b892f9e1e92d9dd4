package dev.lockstep.collective;

import dev.lockstep.errors.LockstepException;
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

    private Collectives() {}

    /** {@link #fromEnvironment(Mode, Duration)} in the tree's order, with the usual timeout. */
    public static Collective fromEnvironment() {
        return fromEnvironment(Mode.TREE, PEER_TIMEOUT);
    }

    /**
     * Joins the group that RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT describe (torchrun's contract), and
     * waits for all its processes. None of them set: a group of one, for which nothing native is loaded.
     *
     * @throws LockstepException of kind RECIPE when the variables are incomplete or wrong or the port is taken; of kind
     *     WORKER when other processes do not come
     */
    public static Collective fromEnvironment(Mode mode, Duration peerTimeout) {
        return fromEnvironment(mode, peerTimeout, System.getenv());
    }

    static Collective fromEnvironment(Mode mode, Duration peerTimeout, Map<String, String> environment) {
        Optional<GroupEnvironment> place = GroupEnvironment.from(environment);
        if (place.isEmpty() || place.get().size() == 1) {
            return new SoloCollective();
        }
        return over(
                mode,
                new Rendezvous(place.get(), environment, new FixedPort(), JOIN_TIMEOUT, peerTimeout)
                        .join(FailureNotice.NONE));
    }

    static Collective over(Mode mode, GlooGroup group) {
        return mode == Mode.TREE ? new TreeCollective(group) : new NativeCollective(group);
    }

    /** Every process knows the port. */
    private static final class FixedPort implements PortExchange {
        @Override
        public void publish(int port) {}

        @Override
        public int await(Duration timeout) {
            throw LockstepException.recipe(
                    GroupEnvironment.MASTER_PORT + " = 0 leaves the port to rank 0",
                    "nobody tells it to this process",
                    "give a port that is free on the machine of rank 0");
        }
    }
}
