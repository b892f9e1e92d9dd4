package dev.lockstep.cli.command;

import dev.lockstep.plan.AllReduce;
import dev.lockstep.plan.CostModel;
import dev.lockstep.plan.CostModel.TrainingLength;
import dev.lockstep.plan.LocalForecast;
import dev.lockstep.plan.StepForecast;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The time predictions of a plan.
 *
 * @param local other numbers of processes on this machine, from a measured run
 * @param cluster every k, in whole processes
 * @param safeMinibatch up to which the linear scaling rule is known to hold on the dataset
 * @param inputBytes of an image as it goes to a card: a byte for each number
 * @param targetSeconds the time limit for training
 */
record Costs(
        TrainingLength length,
        Optional<LocalForecast> local,
        Optional<CostModel> cluster,
        OptionalInt safeMinibatch,
        long inputBytes,
        Optional<Double> targetSeconds) {
    static final double GOOD_EFFICIENCY = 0.9;

    /**
     * The prediction for one k.
     *
     * @param ring the same with a ring instead of halving/doubling
     */
    record Row(StepForecast step, StepForecast ring) {}

    /**
     * P processes on this machine.
     *
     * @param lanes of each
     */
    record LocalRow(int lanes, StepForecast step) {}

    List<Row> clusterRows() {
        List<Row> rows = new ArrayList<>();
        cluster.ifPresent(model -> {
            List<StepForecast> steps = model.table(AllReduce.HALVING_DOUBLING);
            List<StepForecast> rings = model.table(AllReduce.RING);
            for (int i = 0; i < steps.size(); i++) {
                rows.add(new Row(steps.get(i), rings.get(i)));
            }
        });
        return rows;
    }

    long minibatch(StepForecast step) {
        return (long) step.workers() * length.imagesPerWorker();
    }

    /** Images per second that the data has to come at, to a process with all its workers; 0 without a cluster. */
    double imagesPerSecondEach() {
        return clusterRows().stream()
                .mapToDouble(row -> row.step().imagesPerSecond(length.imagesPerWorker())
                        / row.step().processes())
                .max()
                .orElse(0);
    }

    /** Whether it exceeds the largest minibatch known to be safe. */
    boolean isBeyondSafe(StepForecast step) {
        return minibatch(step) > safeMinibatch.orElse(Integer.MAX_VALUE);
    }

    /** The last step above 90 % efficiency. */
    Optional<StepForecast> lastEfficient() {
        return cluster.flatMap(model -> CostModel.lastAbove(model.table(AllReduce.HALVING_DOUBLING), GOOD_EFFICIENCY));
    }

    /** The fewest workers that reach the target. */
    Optional<StepForecast> forTarget() {
        return cluster.flatMap(model ->
                targetSeconds.flatMap(seconds -> model.fewestWithin(seconds, length, AllReduce.HALVING_DOUBLING)));
    }

    List<LocalRow> localRows() {
        List<LocalRow> rows = new ArrayList<>();
        local.ifPresent(forecast -> {
            int threadsPerLane =
                    forecast.measured().threads() / forecast.measured().lanes();
            for (int processes = 1; processes <= 4; processes *= 2) {
                int workers = forecast.measured().workers();
                if (workers % processes == 0) {
                    int usual = Math.max(1, forecast.cores() / processes / threadsPerLane);
                    int lanes = Math.min(usual, workers / processes);
                    rows.add(new LocalRow(lanes, forecast.on(processes, lanes)));
                }
            }
        });
        return rows;
    }
}
