package dev.lockstep.sampling;

import dev.lockstep.errors.LockstepException;
import org.jspecify.annotations.Nullable;

/**
 * Partitions each epoch's permutation into iterations × workers × images: iteration i takes the next kn samples, and
 * worker j takes the j-th group of n among them, where k is the number of workers and n the per-worker batch size.
 * Samples left over after the last full minibatch are dropped; because each epoch is shuffled anew, different ones are
 * dropped each time.
 *
 * <p>Results depend only on the arguments. Thread-safe. Caches the permutations of the last two epochs, because a
 * loader that reads ahead may be in the next epoch while the trainer is still in this one.
 */
public final class MinibatchPlan {
    private final long seed;
    private final int datasetSize;
    private final int workers;
    private final int imagesPerWorker;
    private final int @Nullable [] labels;
    private final @Nullable Cached[] cache = new Cached[2];

    private record Cached(int epoch, EpochPermutation permutation) {}

    /**
     * Creates a plan.
     *
     * @param seed the recipe's seed
     * @param datasetSize the number of training samples
     * @param workers k, the number of logical workers
     * @param imagesPerWorker n, the per-worker batch size
     * @throws LockstepException of kind RECIPE when the minibatch kn is larger than the dataset
     */
    public MinibatchPlan(long seed, int datasetSize, int workers, int imagesPerWorker) {
        this(seed, datasetSize, null, workers, imagesPerWorker);
    }

    /**
     * A plan whose epochs have as many images of each class; see {@link EpochPermutation#balanced}.
     *
     * @param labels the class of each training sample
     */
    public static MinibatchPlan balanced(long seed, int[] labels, int workers, int imagesPerWorker) {
        return new MinibatchPlan(seed, labels.length, labels.clone(), workers, imagesPerWorker);
    }

    private MinibatchPlan(long seed, int datasetSize, int @Nullable [] labels, int workers, int imagesPerWorker) {
        this.labels = labels;
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

    /** The size of the training set, in images. */
    public int datasetSize() {
        return datasetSize;
    }

    /** The minibatch size kn, in images. */
    public int minibatch() {
        return workers * imagesPerWorker;
    }

    /** The number of full minibatches in an epoch. */
    public int iterationsPerEpoch() {
        return datasetSize / minibatch();
    }

    /** The number of images left over after the last full minibatch of an epoch. */
    public int droppedPerEpoch() {
        return datasetSize % minibatch();
    }

    /**
     * The n sample indices of one worker in one iteration of an epoch.
     *
     * @param iteration within the epoch, in [0, iterationsPerEpoch)
     * @param worker in [0, workers)
     * @throws IllegalArgumentException when an argument is out of range
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
                known = new Cached(
                        epoch,
                        labels == null
                                ? EpochPermutation.of(seed, epoch, datasetSize)
                                : EpochPermutation.balanced(seed, epoch, labels));
                cache[epoch & 1] = known;
            }
            return known.permutation;
        }
    }
}
