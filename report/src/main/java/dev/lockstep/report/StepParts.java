package dev.lockstep.report;

import dev.lockstep.metrics.WorkerTimes;
import dev.lockstep.network.Networks;
import dev.lockstep.plan.AllReduce;
import dev.lockstep.plan.ComputeCost;
import dev.lockstep.plan.CostModel;
import dev.lockstep.plan.DatasetFacts;
import dev.lockstep.plan.Interconnect;
import dev.lockstep.plan.StepForecast;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.text.Format;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * One step as a waterfall: where its time went, and where the cost model of {@code lockstep plan} says it goes at the
 * measured speed of one worker.
 */
final class StepParts {
    private static final int WIDTH = 1000;
    private static final double BACKWARD_SHARE = 2.0 / 3;

    private record Part(String name, String style, double measured, double predicted) {}

    private final List<Part> parts;
    private final String note;

    private StepParts(List<Part> parts, String note) {
        this.parts = parts;
        this.note = note;
    }

    /** Empty as long as no times are known. */
    static Optional<StepParts> of(RunView run) {
        return run.workers().map(times -> {
            Optional<StepForecast> forecast = forecast(run.recipe(), times);
            double none = Double.NaN;
            List<Part> parts = List.of(
                    new Part(
                            "compute",
                            "compute",
                            least(times, WorkerTimes.Process::computeSeconds),
                            forecast.map(StepForecast::computeSeconds).orElse(none)),
                    new Part("wait for data", "data", mean(times, WorkerTimes.Process::dataWaitSeconds), none),
                    new Part(
                            "wait for slower processes",
                            "wait",
                            slowest(times) - least(times, WorkerTimes.Process::computeSeconds),
                            forecast.map(StepForecast::waitSeconds).orElse(none)),
                    new Part(
                            "exposed communication",
                            "communication",
                            least(times, WorkerTimes.Process::exposedSeconds),
                            forecast.map(StepForecast::exposedSeconds).orElse(none)),
                    new Part("update", "update", mean(times, WorkerTimes.Process::updateSeconds), none),
                    new Part(
                            "audit and checkpoint",
                            "checkpoint",
                            mean(times, WorkerTimes.Process::checkpointSeconds),
                            none));
            String note = "Mean of the " + times.steps() + " steps up to step " + times.step() + ". "
                    + (forecast.isEmpty()
                            ? "There is no prediction: the facts of this dataset are not known."
                            : "Predicted by the cost model from the median time of a worker, for processes on one"
                                    + " machine.");
            return new StepParts(parts, note);
        });
    }

    private static double slowest(WorkerTimes times) {
        return times.processes().stream()
                .mapToDouble(WorkerTimes.Process::computeSeconds)
                .max()
                .orElse(0);
    }

    private static double mean(WorkerTimes times, ToDoubleFunction<WorkerTimes.Process> part) {
        return times.processes().stream().mapToDouble(part).average().orElse(0);
    }

    private static double least(WorkerTimes times, ToDoubleFunction<WorkerTimes.Process> part) {
        return times.processes().stream().mapToDouble(part).min().orElse(0);
    }

    private static Optional<StepForecast> forecast(Recipe recipe, WorkerTimes times) {
        double[] workers = times.processes().stream()
                .flatMap(process -> process.workerSeconds().stream())
                .mapToDouble(Double::doubleValue)
                .sorted()
                .toArray();
        if (workers.length == 0) {
            return Optional.empty();
        }
        double median = workers[workers.length / 2];
        double jitter = (workers[(int) (0.84 * (workers.length - 1))] - workers[(int) (0.16 * (workers.length - 1))])
                / 2
                / median;
        int lanes = times.processes().get(0).lanes();
        int processes = times.processes().size();
        int local = (recipe.workers() + processes - 1) / processes;
        try {
            return DatasetFacts.of(recipe.data())
                    .flatMap(facts -> Networks.named(recipe.model()).shape(recipe.model(), facts.task()))
                    .map(shape -> new CostModel(
                            shape,
                            new ComputeCost(median, BACKWARD_SHARE * median, lanes, jitter),
                            Interconnect.LOOPBACK,
                            local))
                    .map(model -> model.step(recipe.workers(), AllReduce.HALVING_DOUBLING));
        } catch (RuntimeException e) {
            // A network of the user that this program does not have.
            return Optional.empty();
        }
    }

    Html html() {
        double total = parts.stream().mapToDouble(Part::measured).sum();
        double forecast = parts.stream()
                .mapToDouble(Part::predicted)
                .filter(Double::isFinite)
                .sum();
        double scale = WIDTH / Math.max(1e-9, Math.max(total, forecast));
        Html html = new Html().open("div", "class", "wide").open("table", "class", "waterfall");
        html.open("thead").open("tr");
        for (String heading : List.of("part of a step", "", "measured", "predicted")) {
            html.element("th", heading, "scope", "col");
        }
        html.close().close().open("tbody");
        double measuredFrom = 0;
        double predictedFrom = 0;
        for (Part part : parts) {
            html.open("tr").element("th", part.name(), "scope", "row").open("td", "class", "bar");
            html.open("svg", "viewBox", "0 0 " + WIDTH + " 20", "preserveAspectRatio", "none", "aria-hidden", true);
            if (part.predicted() > 0) {
                rectangle(html, "predicted", predictedFrom * scale, part.predicted() * scale, 1, 18);
                predictedFrom += part.predicted();
            }
            rectangle(html, "part-" + part.style(), measuredFrom * scale, part.measured() * scale, 5, 10);
            measuredFrom += part.measured();
            html.close().close();
            html.element("td", Format.duration(part.measured()))
                    .element("td", Format.duration(part.predicted()))
                    .close();
        }
        html.open("tr", "class", "total").element("th", "step", "scope", "row").element("td", "");
        html.element("td", Format.duration(total));
        html.element("td", forecast > 0 ? Format.duration(forecast) : Format.NONE)
                .close();
        return html.close().close().close().element("p", note, "class", "soft");
    }

    private static void rectangle(Html html, String style, double x, double width, int y, int height) {
        html.open(
                        "rect",
                        "class",
                        style,
                        "x",
                        Format.digits(x, 5),
                        "width",
                        Format.digits(Math.max(width, 1.5), 5),
                        "y",
                        y,
                        "height",
                        height)
                .close();
    }
}
