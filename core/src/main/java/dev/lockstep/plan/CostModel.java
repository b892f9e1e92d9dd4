package dev.lockstep.plan;

import dev.lockstep.network.NetworkShape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import org.apache.commons.statistics.distribution.NormalDistribution;

/**
 * How long an iteration takes on k workers: T = compute + wait + exposed.
 *
 * <ul>
 *   <li><i>compute</i>: a process runs its workers in rounds of as many as it has lanes.
 *   <li><i>wait</i>: a step ends with the slowest of P processes. With times of standard deviation σ that is E[max of P
 *       normal numbers] · σ behind the mean.
 *   <li><i>exposed</i>: buckets are summed over processes one after another as the backward pass of the last round fills
 *       them, each in the time of the α–β model; only what is left when the backward pass ends is paid (paper, section 4).
 * </ul>
 *
 * <p>With the paper's hardware numbers (50 Gbit/s, 100 MB of gradients, 120 ms of backward pass) next to nothing is
 * exposed, which is the paper's own conclusion; that iterations still grow from 0.232 s to 0.256 s is the wait.
 *
 * @param shape what is sent
 * @param workersPerProcess workers beyond this number require more processes
 */
public record CostModel(NetworkShape shape, ComputeCost compute, Interconnect network, int workersPerProcess) {
    /** The usual size of a bucket. */
    private static final double BUCKET_BYTES = 4 << 20;

    private static final int MOST_WORKERS = 65_536;
    private static final NormalDistribution NORMAL = NormalDistribution.of(0, 1);

    /**
     * @param workers k; if it is no multiple of {@code workersPerProcess}, one process has fewer
     */
    public StepForecast step(int workers, AllReduce algorithm) {
        int local = Math.min(workers, workersPerProcess);
        return step(workers, (workers + local - 1) / local, algorithm);
    }

    /** With the workers divided as evenly as possible. */
    StepForecast step(int workers, int processes, AllReduce algorithm) {
        BackwardProfile profile = BackwardProfile.of(shape, BUCKET_BYTES);
        DoubleUnaryOperator transfer =
                processes == 1 ? bytes -> 0 : bytes -> algorithm.seconds(bytes, processes, network);
        double seconds = compute.seconds((workers + processes - 1) / processes);
        return new StepForecast(
                workers,
                processes,
                seconds,
                seconds * compute.jitter() * expectedMaximum(processes),
                profile.totalSeconds(transfer),
                profile.exposedSeconds(compute.backwardSeconds(), transfer));
    }

    /** E[max] of some standard normal numbers (Blom 1958). */
    static double expectedMaximum(int count) {
        return NORMAL.inverseCumulativeProbability((count - 0.375) / (count + 0.25));
    }

    /** k doubled from 1 to 65,536, with fully used processes. */
    public List<StepForecast> table(AllReduce algorithm) {
        List<StepForecast> rows = new ArrayList<>();
        for (int workers = 1; workers < workersPerProcess; workers *= 2) {
            rows.add(step(workers, algorithm));
        }
        for (int workers = workersPerProcess; workers <= MOST_WORKERS; workers *= 2) {
            rows.add(step(workers, algorithm));
        }
        return rows;
    }

    /** The last row before efficiency first falls below a share; empty if it is below that from the start. */
    public static Optional<StepForecast> lastAbove(List<StepForecast> table, double efficiency) {
        return table.stream().takeWhile(row -> row.efficiency() >= efficiency).reduce((first, second) -> second);
    }

    /** The fewest workers that train within a time; empty if none do. */
    public Optional<StepForecast> fewestWithin(double seconds, TrainingLength length, AllReduce algorithm) {
        IntStream shared = IntStream.range(1, workersPerProcess);
        IntStream full =
                IntStream.rangeClosed(1, MOST_WORKERS / workersPerProcess).map(p -> p * workersPerProcess);
        return IntStream.concat(shared, full)
                .filter(workers -> length.iterations(workers) > 0)
                .mapToObj(workers -> step(workers, algorithm))
                .filter(row -> length.seconds(row) <= seconds)
                .findFirst();
    }

    /** The number of iterations of a training run on k workers. */
    public record TrainingLength(int epochs, int trainingImages, int imagesPerWorker) {
        /** 0 if the minibatch is larger than the dataset. */
        public long iterations(int workers) {
            return epochs * (trainingImages / ((long) workers * imagesPerWorker));
        }

        public double seconds(StepForecast row) {
            return iterations(row.workers()) * row.iterationSeconds();
        }
    }
}
