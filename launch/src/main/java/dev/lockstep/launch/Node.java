package dev.lockstep.launch;

import java.util.Map;
import java.util.Optional;

/**
 * One machine of a group, whose processes are to be started there.
 *
 * @param rank 0 … nodes − 1; rank 0 of the group runs on machine 0
 * @param nodes the number of machines
 * @param processes how many processes each machine has
 * @param masterAddress where rank 0 listens: a host name or an address that all machines know
 * @param masterPort where rank 0 listens
 */
public record Node(int rank, int nodes, int processes, String masterAddress, int masterPort) {

    /**
     * The machine that the environment describes, if this process is to start its processes; empty when this process is
     * itself one of the group, or alone.
     *
     * @throws dev.lockstep.errors.LockstepException of kind RECIPE when the variables are wrong
     */
    public static Optional<Node> from(Map<String, String> environment) {
        Variables variables = new Variables(environment);
        return Contracts.innermost(variables)
                .filter(KubeflowTrainer.class::isInstance)
                .flatMap(contract -> ((KubeflowTrainer) contract).node(variables))
                .filter(node -> node.processes() > 1);
    }

    /** P, the number of processes of the group. */
    public int size() {
        return nodes * processes;
    }

    /** The variables of one of its processes, for the launcher that starts it. */
    Map<String, String> environment(int local) {
        return Map.of(
                GroupEnvironment.RANK,
                Integer.toString(rank * processes + local),
                GroupEnvironment.WORLD_SIZE,
                Integer.toString(size()),
                GroupEnvironment.MASTER_ADDR,
                masterAddress,
                GroupEnvironment.MASTER_PORT,
                Integer.toString(masterPort),
                "LOCAL_RANK",
                Integer.toString(local),
                "LOCAL_WORLD_SIZE",
                Integer.toString(processes),
                LockstepLaunch.NODE,
                Integer.toString(rank));
    }
}
