package dev.lockstep.cli.command;

import static dev.lockstep.cli.command.PlanJson.ordered;

import dev.lockstep.plan.CostModel;
import dev.lockstep.plan.LocalForecast.Measurement;
import dev.lockstep.plan.StepForecast;
import java.util.Map;

/** Predicted times as JSON, in seconds. */
final class CostJson {
    private CostJson() {}

    static Map<String, Object> of(Costs costs) {
        Map<String, Object> json = ordered();
        costs.local().ifPresent(local -> json.put("local", local(costs, local.measured())));
        costs.cluster().ifPresent(model -> json.put("cluster", cluster(costs, model)));
        return json;
    }

    private static Map<String, Object> local(Costs costs, Measurement measured) {
        return ordered(
                "measured_step_seconds", measured.stepSeconds(),
                "measured_images_per_second", measured.imagesPerSecond(),
                "measured_jitter", measured.jitter(),
                "predictions",
                        costs.localRows().stream()
                                .map(row -> {
                                    Map<String, Object> step = step(costs, row.step());
                                    step.put("lanes", row.lanes());
                                    return step;
                                })
                                .toList());
    }

    private static Map<String, Object> cluster(Costs costs, CostModel model) {
        Map<String, Object> json = ordered(
                "workers_per_process", model.workersPerProcess(),
                "lanes", model.compute().lanes(),
                "bytes_per_second", model.network().bytesPerSecond(),
                "latency_seconds", model.network().latencySeconds(),
                "jitter", model.compute().jitter(),
                "predictions",
                        costs.clusterRows().stream()
                                .map(row -> {
                                    Map<String, Object> step = step(costs, row.step());
                                    step.put(
                                            "ring_iteration_seconds", row.ring().iterationSeconds());
                                    return step;
                                })
                                .toList());
        json.put(
                "ninety_percent_workers",
                costs.lastEfficient().map(StepForecast::workers).orElse(0));
        costs.targetSeconds().ifPresent(seconds -> {
            Map<String, Object> target = ordered("seconds", seconds);
            costs.forTarget().ifPresent(step -> target.put("reached_by", step(costs, step)));
            json.put("target", target);
        });
        return json;
    }

    private static Map<String, Object> step(Costs costs, StepForecast step) {
        int n = costs.length().imagesPerWorker();
        boolean possible = costs.length().iterations(step.workers()) > 0;
        return ordered(
                "workers", step.workers(),
                "processes", step.processes(),
                "minibatch", costs.minibatch(step),
                "beyond_safe_minibatch", costs.isBeyondSafe(step),
                "iteration_seconds", step.iterationSeconds(),
                "compute_seconds", step.computeSeconds(),
                "wait_seconds", step.waitSeconds(),
                "communication_seconds", step.communicationSeconds(),
                "exposed_seconds", step.exposedSeconds(),
                "efficiency", step.efficiency(),
                "images_per_second", step.imagesPerSecond(n),
                "training_seconds", possible ? costs.length().seconds(step) : Double.NaN);
    }
}
