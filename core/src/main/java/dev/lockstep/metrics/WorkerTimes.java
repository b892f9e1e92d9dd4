package dev.lockstep.metrics;

import java.util.List;

/**
 * Where the time of some consecutive steps went, for every process: means over these steps.
 *
 * @param step the last of them
 * @param steps how many they are
 * @param processes by rank
 */
public record WorkerTimes(long step, int steps, List<Process> processes) {
    public WorkerTimes {
        processes = List.copyOf(processes);
    }

    /**
     * The share of one process. All times are seconds per step.
     *
     * @param host the machine on which it runs
     * @param firstWorker the first of its consecutive workers
     * @param lanes compute threads
     * @param stepSeconds wall time
     * @param computeSeconds until all its lanes were done, without the time in which they waited for images
     * @param dataWaitSeconds time its lanes waited for images, per lane
     * @param exposedSeconds from the end of its last backward pass to the arrival of the last sum
     * @param updateSeconds updating the weights, and what else follows the sum
     * @param checkpointSeconds time in which training stood still for audits and checkpoints
     * @param workerSeconds computing each of its workers once
     */
    public record Process(
            int rank,
            String host,
            int firstWorker,
            int lanes,
            double stepSeconds,
            double computeSeconds,
            double dataWaitSeconds,
            double exposedSeconds,
            double updateSeconds,
            double checkpointSeconds,
            List<Double> workerSeconds) {
        public Process {
            workerSeconds = List.copyOf(workerSeconds);
        }
    }
}
