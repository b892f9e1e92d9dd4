package dev.lockstep.plan;

import dev.lockstep.network.NetworkShape;

/**
 * The tensors of one process, in bytes; libtorch's own working memory and the images that are read ahead come on top.
 *
 * @param parameters one buffer that all lanes share
 * @param momentum one velocity a parameter
 * @param gradients a contribution (gradients and statistics) for each lane
 * @param partialSums contributions of finished workers that wait for their sibling in the reduction tree, at most
 * @param activations what each lane keeps of its n images for the backward pass
 */
public record Memory(long parameters, long momentum, long gradients, long partialSums, long activations) {

    static Memory of(NetworkShape shape, int imagesPerWorker, int lanes, int workersPerProcess) {
        long contribution = Traffic.contributionBytes(shape);
        long parameters = Float.BYTES * (shape.parameters() + shape.batchNormStatistics());
        int depth = Integer.SIZE - Integer.numberOfLeadingZeros(workersPerProcess - 1);
        int waiting = workersPerProcess == 1 ? 0 : Math.min(lanes + depth, workersPerProcess);
        return new Memory(
                parameters,
                Float.BYTES * shape.parameters(),
                product(lanes, contribution),
                product(waiting, contribution),
                product((long) lanes * imagesPerWorker, Float.BYTES * shape.activationFloats()));
    }

    /** The largest number stands for what is larger: no machine has it either. */
    private static long product(long a, long b) {
        return Math.multiplyHigh(a, b) == 0 && a * b >= 0 ? a * b : Long.MAX_VALUE;
    }

    public long total() {
        double sum = (double) parameters + momentum + gradients + partialSums + activations;
        return sum < Long.MAX_VALUE ? parameters + momentum + gradients + partialSums + activations : Long.MAX_VALUE;
    }
}
