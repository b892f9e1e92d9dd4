package dev.lockstep.plan;

/**
 * One iteration, as predicted.
 *
 * @param workers k
 * @param processes P
 * @param computeSeconds forward and backward passes of a process's workers
 * @param waitSeconds waiting for the slowest process, beyond the mean
 * @param communicationSeconds from the first to the last byte, if nothing were hidden
 * @param exposedSeconds of communication that the backward pass does not hide
 */
public record StepForecast(
        int workers,
        int processes,
        double computeSeconds,
        double waitSeconds,
        double communicationSeconds,
        double exposedSeconds) {

    public double iterationSeconds() {
        return computeSeconds + waitSeconds + exposedSeconds;
    }

    /** The fraction of time in which processes compute: images/s of P processes over P times those of one. */
    public double efficiency() {
        return computeSeconds / iterationSeconds();
    }

    /**
     * @param imagesPerWorker n
     */
    public double imagesPerSecond(int imagesPerWorker) {
        return (double) workers * imagesPerWorker / iterationSeconds();
    }
}
