package dev.lockstep.cli.command;

import static dev.lockstep.text.Format.count;
import static dev.lockstep.text.Format.duration;
import static dev.lockstep.text.Format.percent;

import dev.lockstep.cli.terminal.TextBlocks;
import dev.lockstep.plan.CostModel;
import dev.lockstep.plan.LocalForecast.Measurement;
import dev.lockstep.plan.StepForecast;
import dev.lockstep.text.Format;
import java.util.Locale;

/** Predicted times formatted for people. */
final class CostText {
    private final Costs costs;
    private final TextBlocks out = new TextBlocks();

    private CostText(Costs costs) {
        this.costs = costs;
    }

    static String of(Costs costs) {
        CostText text = new CostText(costs);
        text.local();
        text.cluster();
        return text.out.toString();
    }

    private void local() {
        if (costs.local().isEmpty()) {
            return;
        }
        Measurement measured = costs.local().get().measured();
        out.line("");
        out.block(
                "Measured",
                "1 process × " + PlanText.plural(measured.lanes(), "lane", "lanes") + ": "
                        + Format.digits(measured.imagesPerSecond(), 3) + " images/s, "
                        + duration(measured.stepSeconds())
                        + " per step (± " + percent(measured.jitter()) + "); predicted for the "
                        + PlanText.plural(costs.local().get().cores(), "core", "cores") + " of this machine:");
        out.line(format("processes", "lanes", "iteration", "exposed", "images/s", "training", ""));
        for (Costs.LocalRow row : costs.localRows()) {
            StepForecast step = row.step();
            out.line(format(
                    count(step.processes()),
                    count(row.lanes()),
                    duration(step.iterationSeconds()),
                    duration(step.exposedSeconds()),
                    Format.digits(step.imagesPerSecond(measured.imagesPerWorker()), 3),
                    training(step),
                    ""));
        }
    }

    private void cluster() {
        if (costs.cluster().isEmpty()) {
            return;
        }
        CostModel model = costs.cluster().get();
        out.line("");
        out.block(
                "Cost",
                "processes of " + PlanText.plural(model.workersPerProcess(), "worker", "workers") + " on "
                        + PlanText.plural(model.compute().lanes(), "lane", "lanes") + ", "
                        + Format.scaled(8 * model.network().bytesPerSecond()) + "bit/s, "
                        + duration(model.network().latencySeconds()) + " per message, step times ± "
                        + percent(model.compute().jitter()));
        out.line(format("workers", "minibatch", "iteration", "exposed", "by a ring", "efficiency", "training"));
        costs.clusterRows().forEach(row -> out.line(clusterLine(row)));
        out.block(
                "",
                "90 % efficiency ends at "
                        + costs.lastEfficient()
                                .map(step -> count(step.workers()) + " workers, " + minibatch(step) + " images")
                                .orElse("less than one process"));
        costs.targetSeconds().ifPresent(this::target);
        data();
        costs.safeMinibatch()
                .ifPresent(images -> out.block(
                        "",
                        "* beyond " + count(images) + " images the linear rule is not known to hold on this dataset"));
    }

    private String clusterLine(Costs.Row row) {
        StepForecast step = row.step();
        return format(
                count(step.workers()),
                minibatch(step),
                duration(step.iterationSeconds()),
                duration(step.exposedSeconds()),
                duration(row.ring().iterationSeconds()),
                percent(step.efficiency()),
                training(step));
    }

    private void target(double seconds) {
        String answer = costs.forTarget()
                .map(step -> "takes " + count(step.workers()) + " workers in "
                        + PlanText.plural(step.processes(), "process", "processes") + ", " + minibatch(step)
                        + " images: " + training(step))
                .orElse("is out of reach for any number of workers");
        out.block("", "training within " + duration(seconds) + " " + answer);
    }

    private void data() {
        double images = costs.imagesPerSecondEach();
        out.block(
                "",
                "the loader of each process must deliver " + Format.digits(images, 3) + " images/s, "
                        + Format.scaled(images * costs.inputBytes()) + "B/s of pixels");
    }

    private String training(StepForecast step) {
        return costs.length().iterations(step.workers()) == 0
                ? "–"
                : duration(costs.length().seconds(step));
    }

    private String minibatch(StepForecast step) {
        return count(costs.minibatch(step)) + (costs.isBeyondSafe(step) ? "*" : "");
    }

    private static String format(String... cells) {
        StringBuilder line = new StringBuilder(" ");
        for (String cell : cells) {
            line.append(String.format(Locale.ROOT, " %12s", cell));
        }
        return line.toString().stripTrailing();
    }
}
