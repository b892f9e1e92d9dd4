package dev.lockstep.plan;

import dev.lockstep.network.NetworkShape;
import dev.lockstep.recipe.Recipe;

/**
 * The tensors of one process, in bytes; libtorch's own working memory and the images that are read ahead come on top.
 *
 * @param parameters one buffer that all lanes share
 * @param optimizerState the optimizer's state for each parameter, such as its momentum
 * @param gradients a gradient buffer (gradients and statistics) for each lane
 * @param partialSums gradient buffers of finished workers that wait for their sibling in the reduction tree, at most
 * @param activations the data of its n images that each lane keeps for the backward pass
 */
public record Memory(long parameters, long optimizerState, long gradients, long partialSums, long activations) {

    static Memory of(NetworkShape shape, Recipe recipe, int lanes, int localWorkers) {
        long contribution = Traffic.contributionBytes(shape);
        long parameters = Float.BYTES * (shape.parameters() + shape.batchNormStatistics());
        int depth = Integer.SIZE - Integer.numberOfLeadingZeros(localWorkers - 1);
        int waiting = localWorkers == 1 ? 0 : Math.min(lanes + depth, localWorkers);
        return new Memory(
                parameters,
                product(recipe.optimizer().state().size(), Float.BYTES * shape.parameters()),
                product(lanes, contribution),
                product(waiting, contribution),
                product((long) lanes * recipe.imagesPerWorker(), Float.BYTES * shape.activationFloats()));
    }

    /**
     * The most lanes whose tensors fit into this many bytes; 0 if not even one does.
     *
     * @param localWorkers of the process; more lanes than these are of no use
     */
    static int lanesWithin(NetworkShape shape, Recipe recipe, int localWorkers, long bytes) {
        int lanes = 0;
        while (lanes < localWorkers
                && of(shape, recipe, lanes + 1, localWorkers).total() <= bytes) {
            lanes++;
        }
        return lanes;
    }

    /** Saturates at the largest number, which no machine has either. */
    private static long product(long a, long b) {
        return Math.multiplyHigh(a, b) == 0 && a * b >= 0 ? a * b : Long.MAX_VALUE;
    }

    public long total() {
        double sum = (double) parameters + optimizerState + gradients + partialSums + activations;
        return sum < Long.MAX_VALUE
                ? parameters + optimizerState + gradients + partialSums + activations
                : Long.MAX_VALUE;
    }
}
