package dev.lockstep.topology;

import dev.lockstep.errors.LockstepException;

/**
 * Which process runs which workers: process r owns the aligned block of k/P consecutive workers that starts at r·k/P.
 *
 * @param workers k, the logical workers of the recipe
 * @param processes P, the processes that run them; must divide k
 */
public record Topology(int workers, int processes) {
    public Topology {
        if (workers < 1 || processes < 1) {
            throw new IllegalArgumentException(
                    "workers = " + workers + ", processes = " + processes + ": both must be at least 1");
        }
        if (processes > workers) {
            throw LockstepException.recipe(
                    "procs = " + processes + " is larger than workers = " + workers,
                    "a process needs at least one worker",
                    "use --procs ≤ " + workers);
        }
        if (workers % processes != 0) {
            throw LockstepException.recipe(
                    "procs = " + processes + " does not divide workers = " + workers,
                    "every process runs the same number of workers",
                    "use a --procs of " + divisors(workers));
        }
    }

    public int workersPerProcess() {
        return workers / processes;
    }

    public int firstWorker(int rank) {
        return rank * workersPerProcess();
    }

    public int ownerOf(int worker) {
        return worker / workersPerProcess();
    }

    /**
     * Whether the weights are, bit for bit, those of one process: true for every P that is a power of two (and, as checked
     * above, divides k). See {@link ReductionTree}.
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
