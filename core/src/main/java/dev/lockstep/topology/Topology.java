package dev.lockstep.topology;

import dev.lockstep.errors.LockstepException;

/**
 * Assigns workers to processes: process r owns the k/P consecutive workers starting at r·k/P.
 *
 * @param workers k, the number of logical workers in the recipe
 * @param processes P, the number of processes that run them; must divide k
 */
public record Topology(int workers, int processes) {
    /**
     * Checks the numbers.
     *
     * @throws LockstepException of kind RECIPE when {@code processes} is larger than {@code workers} or does not divide it
     */
    public Topology {
        if (workers < 1 || processes < 1) {
            throw new IllegalArgumentException(
                    "workers = " + workers + ", processes = " + processes + ": both must be at least 1");
        }
        if (processes > workers) {
            throw LockstepException.recipe(
                    "procs = " + processes + " is larger than workers = " + workers,
                    "a process needs at least one worker",
                    "use procs ≤ " + workers);
        }
        if (workers % processes != 0) {
            throw LockstepException.recipe(
                    "procs = " + processes + " does not divide workers = " + workers,
                    "every process runs the same number of workers",
                    "use procs = one of " + divisors(workers));
        }
    }

    /** k/P, the number of workers of each process. */
    public int workersPerProcess() {
        return workers / processes;
    }

    /** The first worker of a process. */
    public int firstWorker(int rank) {
        return rank * workersPerProcess();
    }

    /** The rank of the process that runs a worker. */
    public int ownerOf(int worker) {
        return worker / workersPerProcess();
    }

    /**
     * Whether the weights are bit for bit those of a single process: true when P is a power of two. (P divides k, as
     * the constructor checks.) See {@link ReductionTree}.
     */
    public boolean isBitwise() {
        return Integer.bitCount(processes) == 1;
    }

    private static String divisors(int workers) {
        StringBuilder list = new StringBuilder();
        int shown = 0;
        for (int p = 1; p <= workers && shown < 12; p++) {
            if (workers % p == 0) {
                list.append(shown++ == 0 ? "" : ", ").append(p);
            }
        }
        return list.toString();
    }
}
