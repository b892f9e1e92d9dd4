package dev.lockstep.launch;

import java.util.Map;
import java.util.Optional;

/**
 * What a launcher says about the job of this process, besides its place in the group.
 *
 * @param launcher the launcher's name, such as {@code Slurm}
 * @param name a name that all processes of the job share and that a requeued job keeps; empty when there is none
 * @param restarts how often the scheduler has started the whole job again
 * @param processesHere how many processes of the group run on this machine; 0 when the launcher does not say
 * @param node the number of this machine in the group, 0 for that of rank 0; {@link #UNKNOWN} when the launcher does not say
 * @param cores the cores that the launcher has given to this process alone; 0 when the processes of a machine share them
 */
public record Job(String launcher, String name, int restarts, int processesHere, int node, int cores) {
    /** Used in place of a number of a machine. */
    public static final int UNKNOWN = -1;

    /** A launcher that tells only what is in {@link GroupEnvironment}. */
    static Job of(String launcher, int processesHere, int node) {
        return new Job(launcher, "", 0, processesHere, node, 0);
    }

    /** The job that the environment describes, also if it has a single process; empty when it describes none. */
    public static Optional<Job> from(Map<String, String> environment) {
        Variables variables = new Variables(environment);
        return Contracts.innermost(variables).map(contract -> contract.job(variables));
    }
}
