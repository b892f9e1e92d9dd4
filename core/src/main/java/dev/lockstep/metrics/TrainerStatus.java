package dev.lockstep.metrics;

import dev.lockstep.text.Json;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a run tells Kubeflow Trainer about its progress: the latest step and the latest evaluation.
 *
 * @param run whose steps are counted
 * @param started when its first step of this session began, in {@link System#nanoTime}
 * @param step the latest; null before the first
 * @param epoch the latest; null before the first evaluation
 * @param done whether no step is left
 */
record TrainerStatus(
        RunInfo run,
        long started,
        @Nullable StepMetrics step,
        @Nullable EpochMetrics epoch,
        boolean done) {
    private static final double NANOS = 1e9;

    private record Metric(String name, String value) {}

    TrainerStatus with(StepMetrics latest) {
        return new TrainerStatus(run, started, latest, epoch, done);
    }

    TrainerStatus with(EpochMetrics latest) {
        return new TrainerStatus(run, started, step, latest, done);
    }

    TrainerStatus finished(boolean complete) {
        return new TrainerStatus(run, started, step, epoch, complete);
    }

    /**
     * The body of the request: {@code UpdateTrainJobStatusRequest} of {@code trainer.kubeflow.org/v1alpha1}.
     *
     * @param now of the wall clock
     * @param nanoTime of {@link System#nanoTime}
     */
    String json(Instant now, long nanoTime) {
        var status = Json.MAPPER.createObjectNode();
        status.put("progressPercentage", percentage());
        long steps = stepsDone() - run.step();
        if (done || steps > 0) {
            double perStep = (nanoTime - started) / NANOS / Math.max(1, steps);
            double left = done ? 0 : perStep * (run.totalSteps() - stepsDone());
            status.put("estimatedRemainingSeconds", (int) Math.min(Integer.MAX_VALUE, Math.ceil(left)));
        }
        status.set("metrics", Json.MAPPER.valueToTree(metrics()));
        status.put("lastUpdatedTime", now.truncatedTo(ChronoUnit.SECONDS).toString());
        return Json.MAPPER.createObjectNode().set("trainerStatus", status).toString();
    }

    private long stepsDone() {
        return step == null ? run.step() : step.step();
    }

    /** Rounded down: 100 means that nothing is left. */
    private int percentage() {
        return done ? 100 : (int) (100 * stepsDone() / Math.max(1, run.totalSteps()));
    }

    private List<Metric> metrics() {
        List<Metric> metrics = new ArrayList<>();
        if (step != null) {
            metrics.add(new Metric("step", Long.toString(step.step())));
            metrics.add(new Metric("epoch", Integer.toString(step.epoch())));
            add(metrics, "loss", step.loss());
            add(metrics, "train_top1_error", step.top1Error());
            add(metrics, "learning_rate", step.learningRate());
            add(metrics, "images_per_second", step.imagesPerSecond());
        }
        if (epoch != null) {
            add(metrics, "validation_loss", epoch.validationLoss());
            add(metrics, "validation_top1_error", epoch.validationTop1Error());
            add(metrics, "validation_top5_error", epoch.validationTop5Error());
        }
        return metrics;
    }

    private static void add(List<Metric> metrics, String name, double value) {
        if (Double.isFinite(value)) {
            metrics.add(new Metric(name, String.format(Locale.ROOT, "%.6g", value)));
        }
    }
}
