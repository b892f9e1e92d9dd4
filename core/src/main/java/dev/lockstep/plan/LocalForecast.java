package dev.lockstep.plan;

import dev.lockstep.network.NetworkShape;
import java.util.List;

/**
 * Predicts P processes on one machine from a measured run of one process. Their lanes share the machine's cores: up to one
 * thread per core they run in parallel, beyond that they take turns.
 *
 * @param cores of the machine
 */
public record LocalForecast(NetworkShape shape, Measurement measured, int cores) {

    /**
     * The measurements of a run of one process.
     *
     * @param workers k
     * @param threads that computed at the same time: lanes × threads-per-worker
     * @param lanes of the process
     * @param stepSeconds the median
     * @param jitter half the width of the middle 68 % of step times, over the median
     */
    public record Measurement(
            int workers, int imagesPerWorker, int lanes, int threads, double stepSeconds, double jitter) {
        /**
         * @param stepSeconds of every step except the warm-up steps, in any order
         */
        public static Measurement of(
                int workers, int imagesPerWorker, int lanes, int threadsPerWorker, List<Double> stepSeconds) {
            if (stepSeconds.isEmpty()) {
                throw new IllegalArgumentException("stepSeconds = []: needs at least one step");
            }
            List<Double> sorted = stepSeconds.stream().sorted().toList();
            double median = quantile(sorted, 0.5);
            double jitter = (quantile(sorted, 0.84) - quantile(sorted, 0.16)) / 2 / median;
            return new Measurement(workers, imagesPerWorker, lanes, lanes * threadsPerWorker, median, jitter);
        }

        private static double quantile(List<Double> sorted, double share) {
            double position = share * (sorted.size() - 1);
            int below = (int) position;
            int above = Math.min(below + 1, sorted.size() - 1);
            return sorted.get(below) + (position - below) * (sorted.get(above) - sorted.get(below));
        }

        public double imagesPerSecond() {
            return workers * imagesPerWorker / stepSeconds;
        }
    }

    /**
     * The same minibatch on P processes.
     *
     * @param processes P ≤ k
     * @param lanes of each process
     */
    public StepForecast on(int processes, int lanes) {
        int local = (measured.workers() + processes - 1) / processes;
        int used = Math.min(lanes, local);
        // The time of one worker on a dedicated core, derived from rounds that may have shared cores.
        double rounds = Math.ceil((double) measured.workers() / measured.lanes());
        double alone = measured.stepSeconds() / rounds / crowding(measured.threads());
        int threads = processes * used * (measured.threads() / measured.lanes());
        double round = alone * crowding(threads);
        ComputeCost cost = ComputeCost.ofSpeed(
                used * measured.imagesPerWorker() / round, measured.imagesPerWorker(), used, measured.jitter());
        return new CostModel(shape, cost, Interconnect.LOOPBACK, local)
                .step(measured.workers(), processes, AllReduce.HALVING_DOUBLING);
    }

    private double crowding(int threads) {
        return Math.max(1, (double) threads / cores);
    }
}
