package dev.lockstep.train;

import dev.lockstep.topology.WorkerSplit;
import dev.lockstep.torch.Device;

/**
 * How a process runs its share of a recipe: choices that change the speed, what is kept or whether the run continues,
 * but not one bit of the weights.
 *
 * @param lanes compute threads, each with a replica of the network; {@link #LANES_THAT_FIT}: as many as the device's memory
 *     holds
 * @param loaderThreads threads that read and augment images
 * @param bucketFloats gradients travel in buckets of at least this many floats
 * @param checkpointEvery steps between checkpoints within an epoch; 0: only at the end of each epoch
 * @param keep number of newest checkpoints to keep
 * @param auditEvery steps between comparisons of all processes' state; 0: only before each checkpoint, where it always
 *     happens
 * @param stopAfter save and stop after this many steps since the start of training; negative: never
 * @param workerSplit how the workers are divided among the processes
 * @param skipBadImages replace images that cannot be read or decoded, and report them, instead of stopping at the first
 * @param device where the tensors of the run are stored
 */
public record RunOptions(
        int lanes,
        int loaderThreads,
        long bucketFloats,
        long checkpointEvery,
        int keep,
        long auditEvery,
        long stopAfter,
        WorkerSplit workerSplit,
        boolean skipBadImages,
        Device device) {

    /**
     * About 4 MB: large enough that latency is small against transfer, small enough that the first buckets are sent early.
     */
    public static final long DEFAULT_BUCKET_FLOATS = 1 << 20;

    /** The number of lanes that the memory of a device holds, for devices with memory of their own. */
    public static final int LANES_THAT_FIT = 0;

    public RunOptions {
        if (lanes < (device.memory().isPresent() ? LANES_THAT_FIT : 1)
                || loaderThreads < 1
                || bucketFloats < 1
                || checkpointEvery < 0
                || keep < 1
                || auditEvery < 0) {
            throw new IllegalArgumentException("lanes = " + lanes + ", loaderThreads = " + loaderThreads
                    + ", bucketFloats = " + bucketFloats + ", checkpointEvery = " + checkpointEvery + ", keep = " + keep
                    + ", auditEvery = " + auditEvery + ": out of range");
        }
    }

    public static RunOptions defaults() {
        int cores = Runtime.getRuntime().availableProcessors();
        return new RunOptions(cores, 1, DEFAULT_BUCKET_FLOATS, 0, 2, 0, -1, WorkerSplit.EQUAL, false, Device.cpu());
    }

    public RunOptions withLanes(int lanes) {
        return new RunOptions(
                lanes,
                loaderThreads,
                bucketFloats,
                checkpointEvery,
                keep,
                auditEvery,
                stopAfter,
                workerSplit,
                skipBadImages,
                device);
    }

    public RunOptions withLoaderThreads(int loaderThreads) {
        return new RunOptions(
                lanes,
                loaderThreads,
                bucketFloats,
                checkpointEvery,
                keep,
                auditEvery,
                stopAfter,
                workerSplit,
                skipBadImages,
                device);
    }

    public RunOptions withBucketFloats(long bucketFloats) {
        return new RunOptions(
                lanes,
                loaderThreads,
                bucketFloats,
                checkpointEvery,
                keep,
                auditEvery,
                stopAfter,
                workerSplit,
                skipBadImages,
                device);
    }

    public RunOptions withCheckpoints(long every, int keep) {
        return new RunOptions(
                lanes,
                loaderThreads,
                bucketFloats,
                every,
                keep,
                auditEvery,
                stopAfter,
                workerSplit,
                skipBadImages,
                device);
    }

    public RunOptions withAuditEvery(long steps) {
        return new RunOptions(
                lanes,
                loaderThreads,
                bucketFloats,
                checkpointEvery,
                keep,
                steps,
                stopAfter,
                workerSplit,
                skipBadImages,
                device);
    }

    public RunOptions withStopAfter(long steps) {
        return new RunOptions(
                lanes,
                loaderThreads,
                bucketFloats,
                checkpointEvery,
                keep,
                auditEvery,
                steps,
                workerSplit,
                skipBadImages,
                device);
    }

    public RunOptions withWorkerSplit(WorkerSplit split) {
        return new RunOptions(
                lanes,
                loaderThreads,
                bucketFloats,
                checkpointEvery,
                keep,
                auditEvery,
                stopAfter,
                split,
                skipBadImages,
                device);
    }

    public RunOptions withSkipBadImages(boolean skip) {
        return new RunOptions(
                lanes,
                loaderThreads,
                bucketFloats,
                checkpointEvery,
                keep,
                auditEvery,
                stopAfter,
                workerSplit,
                skip,
                device);
    }

    public RunOptions withDevice(Device device) {
        return new RunOptions(
                lanes,
                loaderThreads,
                bucketFloats,
                checkpointEvery,
                keep,
                auditEvery,
                stopAfter,
                workerSplit,
                skipBadImages,
                device);
    }
}
