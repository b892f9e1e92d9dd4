package dev.lockstep.launch;

import dev.lockstep.supervise.GroupSecret;
import dev.lockstep.supervise.SupervisorAddress;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * The place of this process in its group, as the launcher that started it describes it in the environment. The launchers
 * are Lockstep's own, torchrun, Slurm, Open MPI, Hydra (MPICH), Kubeflow Trainer, and whatever sets RANK, WORLD_SIZE,
 * MASTER_ADDR and MASTER_PORT.
 *
 * @param rank 0 … size − 1
 * @param size P
 * @param masterAddress where rank 0 listens: a host name or an address
 * @param masterPort where rank 0 listens; 0 when rank 0 is to choose a free port and pass it to the others
 * @param job what else the launcher says
 */
public record GroupEnvironment(int rank, int size, String masterAddress, int masterPort, Job job) {
    public static final String RANK = "RANK";
    public static final String WORLD_SIZE = "WORLD_SIZE";
    public static final String MASTER_ADDR = "MASTER_ADDR";
    public static final String MASTER_PORT = "MASTER_PORT";
    /** The port of rank 0 where nothing else is said, as in PyTorch. */
    public static final int USUAL_PORT = 29_500;

    static final int LAST_PORT = 65_535;

    /** A place that no launcher describes further. */
    public GroupEnvironment(int rank, int size, String masterAddress, int masterPort) {
        this(rank, size, masterAddress, masterPort, Job.of(PlainVariables.LAUNCHER, 0, Job.UNKNOWN));
    }

    /**
     * Empty when the environment describes no group, or the launcher started a single process.
     *
     * @throws dev.lockstep.errors.LockstepException of kind RECIPE when variables are incomplete, wrong, or contradict each
     *     other
     */
    public static Optional<GroupEnvironment> from(Map<String, String> environment) {
        return Contracts.place(new Variables(environment));
    }

    /** Whether rank 0 is known to run on another machine. */
    public boolean isAwayFromRankZero() {
        return job.node() > 0;
    }

    /** Whether the group is known to have processes on other machines. */
    public boolean isSpread() {
        return job.processesHere() > 0 && job.processesHere() < size;
    }

    /**
     * The variables that place a process into a group on this machine, for the launcher that starts it.
     *
     * @param secret the file with the group's secret
     */
    public static Map<String, String> local(int rank, int size, SupervisorAddress supervisor, Path secret) {
        return Map.of(
                RANK,
                Integer.toString(rank),
                WORLD_SIZE,
                Integer.toString(size),
                MASTER_ADDR,
                Master.LOOPBACK,
                MASTER_PORT,
                "0",
                SupervisorAddress.VARIABLE,
                supervisor.toString(),
                GroupSecret.VARIABLE,
                secret.toString());
    }
}
