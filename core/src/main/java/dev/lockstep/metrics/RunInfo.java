package dev.lockstep.metrics;

import dev.lockstep.recipe.Recipe;
import java.nio.file.Path;
import java.util.List;

/**
 * The facts about a run when it starts.
 *
 * @param folder the run folder
 * @param recipe with every default resolved
 * @param arguments of the command line, needed besides the recipe to repeat the run: the locations of its data and
 *     weights; empty for a run that a program started
 * @param rank of this process
 * @param processes P
 * @param bitwise whether sums have the same bits as with one process
 * @param lanes compute threads of each process
 * @param parameters of the network
 * @param iterationsPerEpoch steps of an epoch
 * @param droppedPerEpoch training images of each epoch left over by whole minibatches
 * @param step iterations of the checkpoint that the run resumes from; 0 for a run that starts from its initial weights
 */
public record RunInfo(
        Path folder,
        Recipe recipe,
        List<String> arguments,
        int rank,
        int processes,
        boolean bitwise,
        int lanes,
        long parameters,
        int iterationsPerEpoch,
        int droppedPerEpoch,
        long step) {
    public RunInfo {
        arguments = List.copyOf(arguments);
    }

    /** Iterations of the whole recipe. */
    public long totalSteps() {
        return (long) recipe.epochs() * iterationsPerEpoch;
    }
}
