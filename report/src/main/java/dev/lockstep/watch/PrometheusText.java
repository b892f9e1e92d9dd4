package dev.lockstep.watch;

import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.StepMetrics;
import dev.lockstep.report.RunView;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** The state of all runs in the text format of Prometheus, version 0.0.4. Numbers that are unknown are left out. */
final class PrometheusText {
    static final String TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private final StringBuilder out = new StringBuilder();
    private final List<RunView> runs;

    private PrometheusText(List<RunView> runs) {
        this.runs = runs;
    }

    static String of(List<RunView> runs, Instant now) {
        PrometheusText text = new PrometheusText(runs);
        text.states(now);
        text.gauge("lockstep_step", "SGD iterations done.", run -> run.step());
        text.gauge(
                "lockstep_total_steps", "SGD iterations of the whole recipe.", run -> zeroIsUnknown(run.totalSteps()));
        text.gauge(
                "lockstep_last_step_timestamp_seconds",
                "When the run last wrote, in seconds since 1970.",
                run -> zeroIsUnknown(run.lastSign()) / 1e3);
        text.step("lockstep_loss", "Mean cross-entropy of the last minibatch.", StepMetrics::loss);
        text.step("lockstep_train_top1_error_ratio", "Training error of the last minibatch.", StepMetrics::top1Error);
        text.step("lockstep_learning_rate", "Learning rate of the last step.", StepMetrics::learningRate);
        text.step("lockstep_step_seconds", "Wall time of the last step.", StepMetrics::stepSeconds);
        text.step("lockstep_data_wait_seconds", "Waiting for images in the last step.", StepMetrics::dataWaitSeconds);
        text.step(
                "lockstep_exposed_communication_seconds",
                "Communication not hidden by computing in the last step.",
                StepMetrics::exposedCommunicationSeconds);
        text.step("lockstep_noise_scale_images", "Gradient noise scale.", StepMetrics::noiseScale);
        text.gauge("lockstep_images_per_second", "Speed over the last steps.", RunView::imagesPerSecond);
        text.epoch(
                "lockstep_validation_top1_error_ratio",
                "Validation error of the last epoch.",
                EpochMetrics::validationTop1Error);
        text.gauge("lockstep_epochs", "Epochs done.", run -> run.epochs().size());
        text.gauge(
                "lockstep_verified_step",
                "The last step after which all processes had the same bits.",
                run -> zeroIsUnknown(run.verifiedStep()));
        text.gauge(
                "lockstep_checkpoint_step",
                "Step of the newest checkpoint.",
                run -> zeroIsUnknown(run.checkpointStep()));
        text.gauge(
                "lockstep_checkpoint_bytes",
                "Size of the newest checkpoint.",
                run -> zeroIsUnknown(run.checkpointBytes()));
        text.gauge("lockstep_processes", "Processes of the run.", run -> zeroIsUnknown(run.processes()));
        text.gauge("lockstep_bad_images", "Bad images that were replaced.", RunView::badImages);
        text.gauge("lockstep_alerts", "Alerts of the run.", run -> run.alerts().size());
        return text.out.toString();
    }

    private static double zeroIsUnknown(long value) {
        return value == 0 ? Double.NaN : value;
    }

    private void states(Instant now) {
        header("lockstep_run_state", "1 for the state in which the run is.");
        for (RunView run : runs) {
            RunView.State is = run.state(now);
            for (RunView.State state : RunView.State.values()) {
                out.append("lockstep_run_state{run=\"").append(escaped(run.name()));
                out.append("\",state=\"")
                        .append(state.name().toLowerCase(Locale.ROOT))
                        .append("\"} ");
                out.append(state == is ? 1 : 0).append('\n');
            }
        }
    }

    private void header(String name, String help) {
        out.append("# HELP ").append(name).append(' ').append(help).append('\n');
        out.append("# TYPE ").append(name).append(" gauge\n");
    }

    private void gauge(String name, String help, ToDoubleFunction<RunView> number) {
        header(name, help);
        for (RunView run : runs) {
            double value = number.applyAsDouble(run);
            if (Double.isFinite(value)) {
                out.append(name).append("{run=\"").append(escaped(run.name())).append("\"} ");
                out.append(value).append('\n');
            }
        }
    }

    private void step(String name, String help, ToDoubleFunction<StepMetrics> number) {
        gauge(name, help, run -> run.last().map(number::applyAsDouble).orElse(Double.NaN));
    }

    private void epoch(String name, String help, ToDoubleFunction<EpochMetrics> number) {
        gauge(name, help, run -> {
            List<EpochMetrics> epochs = run.epochs();
            return epochs.isEmpty() ? Double.NaN : number.applyAsDouble(epochs.get(epochs.size() - 1));
        });
    }

    private static String escaped(String label) {
        return label.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    }
}
