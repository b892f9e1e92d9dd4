package dev.lockstep.topology;

import dev.lockstep.errors.LockstepException;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * How the workers are divided among the processes. It changes the speed, and not one bit of the weights.
 *
 * @param moves whether the division follows what the processes have shown they can compute, see {@link Pace}
 * @param sizes how many workers each process has, by rank; empty: equal shares
 */
public record WorkerSplit(boolean moves, List<Integer> sizes) {
    /** Equal shares. */
    public static final WorkerSplit EQUAL = new WorkerSplit(false, List.of());
    /** Equal shares at first. */
    public static final WorkerSplit AUTO = new WorkerSplit(true, List.of());

    private static final Pattern SIZES = Pattern.compile("[0-9]{1,9}(,[0-9]{1,9})*");

    public WorkerSplit {
        sizes = List.copyOf(sizes);
    }

    /**
     * Reads {@code auto}, {@code equal} or the sizes, such as {@code 3,5}.
     *
     * @throws LockstepException of kind RECIPE when it is none of them
     */
    public static WorkerSplit parse(String text) {
        if (text.equals("equal")) {
            return EQUAL;
        }
        if (text.equals("auto")) {
            return AUTO;
        }
        if (!SIZES.matcher(text).matches()) {
            throw LockstepException.recipe(
                    "--worker-split = " + text, "no such split", "use auto, equal or the workers of each process: 3,5");
        }
        return new WorkerSplit(
                false, Arrays.stream(text.split(",")).map(Integer::valueOf).toList());
    }

    /** The division that a run has. */
    public static WorkerSplit of(Topology topology) {
        return new WorkerSplit(false, topology.sizes());
    }

    /**
     * The division at the start.
     *
     * @throws LockstepException of kind RECIPE when there are more processes than workers, or the given sizes do not fit
     */
    public Topology divide(int workers, int processes) {
        if (sizes.isEmpty()) {
            return Topology.equal(workers, processes);
        }
        if (sizes.size() != processes) {
            throw LockstepException.recipe(
                    "--worker-split has another number of processes",
                    "worker-split = " + this + ", procs = " + processes,
                    "give one number for each process");
        }
        return Topology.of(workers, sizes);
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        return sizes.isEmpty()
                ? moves ? "auto" : "equal"
                : sizes.stream().map(String::valueOf).collect(Collectors.joining(","));
    }
}
