package dev.lockstep.sampling;

import dev.lockstep.errors.LockstepException;
import org.jspecify.annotations.Nullable;

/**
 * Cuts each epoch's permutation into iterations × workers × images: iteration i takes the next kn samples, worker j the
 * j-th n of those. The remainder that does not fill a minibatch is dropped; because every epoch is shuffled anew, other
 * samples are dropped each time.
 *
 * <p>A function of its arguments, safe for many threads. It keeps the permutations of the last two epochs, because a
 * loader that reads ahead works on the next epoch while the step is still in this one.
 */
public final class MinibatchPlan {
    private final long seed;
    private final int datasetSize;
    private final int workers;
    private final int imagesPerWorker;
    private final @Nullable Cached[] cache = new Cached[2];

    private record Cached(int epoch, EpochPermutation permutation) {}

    public MinibatchPlan(long seed, int datasetSize, int workers, int imagesPerWorker) {
        if (workers < 1 || imagesPerWorker < 1) {
            throw new IllegalArgumentException(
                    "workers = " + workers + ", images-per-worker = " + imagesPerWorker + ": both must be at least 1");
        }
        long minibatch = (long) workers * imagesPerWorker;
        if (minibatch > datasetSize) {
            throw LockstepException.recipe(
                    "minibatch = " + minibatch + " images is larger than the dataset",
                    "workers = " + workers + ", images-per-worker = " + imagesPerWorker + ", dataset size = "
                            + datasetSize,
                    imagesPerWorker > datasetSize
                            ? "use images-per-worker ≤ " + datasetSize
                            : "use workers ≤ " + datasetSize / imagesPerWorker);
        }
        this.seed = seed;
        this.datasetSize = datasetSize;
        this.workers = workers;
        this.imagesPerWorker = imagesPerWorker;
    }

    /** kn, the images of one step. */
    public int minibatch() {
        return workers * imagesPerWorker;
    }

    public int iterationsPerEpoch() {
        return datasetSize / minibatch();
    }

    /** Images of an epoch that fill no minibatch and are left out. */
    public int droppedPerEpoch() {
        return datasetSize % minibatch();
    }

    /**
     * The n sample indices of one worker in one iteration of an epoch.
     *
     * @param iteration within the epoch, in [0, iterationsPerEpoch)
     * @param worker in [0, workers)
     */
    public int[] samples(int epoch, int iteration, int worker) {
        if (iteration < 0 || iteration >= iterationsPerEpoch() || worker < 0 || worker >= workers) {
            throw new IllegalArgumentException("iteration = " + iteration + " of " + iterationsPerEpoch()
                    + ", worker = " + worker + " of " + workers + ": out of range");
        }
        int from = iteration * minibatch() + worker * imagesPerWorker;
        return permutation(epoch).slice(from, imagesPerWorker);
    }

    private EpochPermutation permutation(int epoch) {
        synchronized (cache) {
            Cached known = cache[epoch & 1];
            if (known == null || known.epoch != epoch) {
                known = new Cached(epoch, EpochPermutation.of(seed, epoch, datasetSize));
                cache[epoch & 1] = known;
            }
            return known.permutation;
        }
    }
}
