package dev.lockstep.plan;

/**
 * The cost of computing in one process.
 *
 * @param roundSeconds forward and backward pass of one worker on each lane, all lanes busy
 * @param backwardSeconds of a round; the part that can hide communication
 * @param lanes workers of a round
 * @param jitter standard deviation of a process's time for a step over its mean: in synchronous SGD, all processes
 *     wait for the slowest
 */
public record ComputeCost(double roundSeconds, double backwardSeconds, int lanes, double jitter) {
    /** The backward pass takes twice as many operations as the forward pass. */
    private static final double BACKWARD_SHARE = 2.0 / 3;

    /**
     * The deviation at which this model yields the paper's 0.256 s on 32 servers from its 0.232 s on one; it then yields
     * 0.257 s on 44, where the paper measured 0.264 s.
     */
    public static final double PAPER_JITTER = 0.048;

    /** Derived from the speed of one process with all its lanes busy. */
    public static ComputeCost ofSpeed(double imagesPerSecond, int imagesPerWorker, int lanes, double jitter) {
        double round = lanes * imagesPerWorker / imagesPerSecond;
        return new ComputeCost(round, BACKWARD_SHARE * round, lanes, jitter);
    }

    /** The time per step of a process for its workers: they are computed in rounds, one worker per lane. */
    double seconds(int workers) {
        return Math.ceil((double) workers / lanes) * roundSeconds;
    }
}
