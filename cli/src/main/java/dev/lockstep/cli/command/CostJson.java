package dev.lockstep.cli.command;

import dev.lockstep.plan.CostModel;
import dev.lockstep.plan.LocalForecast.Measurement;
import dev.lockstep.plan.StepForecast;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Predicted times as JSON; times in seconds. */
record CostJson(@Nullable Local local, @Nullable Cluster cluster) {
    private record Local(
            double measuredStepSeconds, double measuredImagesPerSecond, double measuredJitter, List<Step> predictions) {
        static Local of(Costs costs, Measurement measured) {
            return new Local(
                    measured.stepSeconds(),
                    measured.imagesPerSecond(),
                    measured.jitter(),
                    costs.localRows().stream()
                            .map(row -> Step.of(costs, row.step(), row.lanes(), null))
                            .toList());
        }
    }

    private record Cluster(
            int workersPerProcess,
            int lanes,
            double bytesPerSecond,
            double latencySeconds,
            double jitter,
            List<Step> predictions,
            int ninetyPercentWorkers,
            double loaderImagesPerSecond,
            @Nullable Target target) {
        static Cluster of(Costs costs, CostModel model) {
            return new Cluster(
                    model.workersPerProcess(),
                    model.compute().lanes(),
                    model.network().bytesPerSecond(),
                    model.network().latencySeconds(),
                    model.compute().jitter(),
                    costs.clusterRows().stream()
                            .map(row ->
                                    Step.of(costs, row.step(), null, row.ring().iterationSeconds()))
                            .toList(),
                    costs.lastEfficient().map(StepForecast::workers).orElse(0),
                    costs.imagesPerSecondEach(),
                    costs.targetSeconds()
                            .map(seconds -> new Target(
                                    seconds,
                                    costs.forTarget()
                                            .map(step -> Step.of(costs, step, null, null))
                                            .orElse(null)))
                            .orElse(null));
        }
    }

    private record Target(double seconds, @Nullable Step reachedBy) {}

    private record Step(
            int workers,
            int processes,
            long minibatch,
            boolean beyondSafeMinibatch,
            double iterationSeconds,
            double computeSeconds,
            double waitSeconds,
            double communicationSeconds,
            double exposedSeconds,
            double efficiency,
            double imagesPerSecond,
            double trainingSeconds,
            @Nullable Integer lanes,
            @Nullable Double ringIterationSeconds) {
        static Step of(Costs costs, StepForecast step, @Nullable Integer lanes, @Nullable Double ringSeconds) {
            boolean possible = costs.length().iterations(step.workers()) > 0;
            return new Step(
                    step.workers(),
                    step.processes(),
                    costs.minibatch(step),
                    costs.isBeyondSafe(step),
                    step.iterationSeconds(),
                    step.computeSeconds(),
                    step.waitSeconds(),
                    step.communicationSeconds(),
                    step.exposedSeconds(),
                    step.efficiency(),
                    step.imagesPerSecond(costs.length().imagesPerWorker()),
                    possible ? costs.length().seconds(step) : Double.NaN,
                    lanes,
                    ringSeconds);
        }
    }

    static CostJson of(Costs costs) {
        return new CostJson(
                costs.local().map(local -> Local.of(costs, local.measured())).orElse(null),
                costs.cluster().map(model -> Cluster.of(costs, model)).orElse(null));
    }
}
