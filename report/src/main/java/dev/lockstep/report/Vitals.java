package dev.lockstep.report;

import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.StepMetrics;
import dev.lockstep.text.Format;
import java.time.Instant;
import java.util.List;
import java.util.Locale;

/** The first line of a run's page: where the run is, and what a person wants to know of it. */
final class Vitals {
    private Vitals() {}

    static Html of(RunView run, Instant now) {
        RunView.State state = run.state(now);
        Html html = new Html();
        progress(html, run, state);
        html.open("dl", "class", "vitals");
        item(html, "step", steps(run));
        if (state == RunView.State.RUNNING) {
            item(html, "time left", Format.clock(run.secondsLeft()));
        }
        item(html, "loss", run.last().map(StepMetrics::loss).map(Format::number).orElse(Format.NONE));
        List<EpochMetrics> epochs = run.epochs();
        item(
                html,
                "validation error",
                epochs.isEmpty()
                        ? Format.NONE
                        : Format.error(epochs.get(epochs.size() - 1).validationTop1Error()));
        item(html, "images/s", Format.whole(run.imagesPerSecond()));
        item(html, "bits verified to step", verified(run));
        item(html, "checkpoint of step", checkpoint(run, now));
        item(html, "processes × lanes", run.processes() == 0 ? Format.NONE : run.processes() + " × " + run.lanes());
        int alerts = run.attention().size();
        item(
                html,
                "needs attention",
                alerts == 0 ? "nothing" : Format.count(alerts, "alert"),
                alerts == 0 ? "" : "bad");
        return html.close();
    }

    private static void progress(Html html, RunView run, RunView.State state) {
        long total = run.totalSteps();
        html.open("p", "class", "progress");
        html.element("span", state.text(), "class", "state " + state.name().toLowerCase(Locale.ROOT));
        if (total > 0) {
            double done = Math.min(1, (double) run.step() / total);
            String label = String.format(Locale.ROOT, "%.0f %% done", Math.floor(100 * done));
            html.open("progress", "max", total, "value", Math.min(total, run.step()), "aria-label", label);
            html.close();
            html.element("span", label);
        }
        html.close();
    }

    private static String steps(RunView run) {
        long total = run.totalSteps();
        return Format.count(run.step()) + (total == 0 ? "" : " of " + Format.count(total));
    }

    /** Runs of one process have nobody to compare with. */
    private static String verified(RunView run) {
        if (run.verifiedStep() > 0) {
            return Format.count(run.verifiedStep());
        }
        return run.processes() == 1 ? "one process" : Format.NONE;
    }

    private static String checkpoint(RunView run, Instant now) {
        if (run.checkpointStep() == 0) {
            return Format.NONE;
        }
        double age = Math.max(0, (now.toEpochMilli() - run.checkpointMillis()) * 1e-3);
        String ago = run.state(now) == RunView.State.RUNNING ? ", " + Format.clock(age) + " ago" : "";
        return Format.count(run.checkpointStep()) + ago;
    }

    private static void item(Html html, String name, String value) {
        item(html, name, value, "");
    }

    private static void item(Html html, String name, String value, String style) {
        html.open("div", "class", style)
                .element("dt", name)
                .element("dd", value)
                .close();
    }
}
