package dev.lockstep.report;

import dev.lockstep.metrics.Environment;
import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.recipe.RecipeDifference;
import dev.lockstep.text.Format;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;

/** The page about one or more runs, live or finished: the same sections in the same order. */
public final class RunPage {
    private final List<RunView> runs;
    private final Instant now;
    private final Page page;

    private RunPage(List<RunView> runs, Instant now, boolean live) {
        this.runs = runs;
        this.now = now;
        this.page = new Page(
                live ? RunListPage.home().toString() : "",
                runs.size() == 1 ? "Run " + runs.get(0).name() : runs.size() + " runs");
    }

    /** A page for a file. */
    static Page of(List<RunView> runs) {
        return new RunPage(runs, Instant.now(), false).build(false);
    }

    /** A page for a server: with what only the machine of a live run can tell. */
    public static LivePage live(List<RunView> runs, Instant now) {
        return new LivePage(new RunPage(runs, now, true).build(true));
    }

    private Page build(boolean live) {
        page.section("attention", "Needs attention", p -> attention(p, live));
        if (runs.size() == 1) {
            page.section("vitals", "State of the run", p -> p.html(Vitals.of(runs.get(0), now)));
        }
        page.section("summary", "Results", this::summary);
        if (runs.size() > 1) {
            page.section("difference", "Differing recipe keys", this::difference);
        }
        page.element("h2", "Curves");
        page.html(controls());
        page.html("<div class=\"figures\">");
        page.figure(errors());
        StepFigures.of(runs.stream().map(StepFigures.Line::of).toList()).forEach(page::figure);
        page.html("</div>");
        page.section("time", "Where the time goes", this::time);
        page.section("news", "Notices", this::news);
        if (live) {
            page.section(
                    "system",
                    "This machine",
                    p -> SystemFacts.add(p, runs.get(0).folder()));
        }
        page.element("h2", "Reproduce");
        page.section("reproduce", "Commands that repeat the runs", this::reproduce);
        page.element("h2", "Environment");
        environment();
        page.element("h2", "Recipes");
        runs.forEach(run -> page.details(run.name(), run.recipe().toYaml()));
        return page;
    }

    /** Buttons of the curves; the script makes them work, and hides them where there is none. */
    private static Html controls() {
        Html html = new Html().open("div", "class", "tools controls", "role", "group", "aria-label", "Curves");
        html.open("span", "class", "choice", "role", "group", "aria-label", "Horizontal axis");
        for (String axis : List.of("epoch", "step", "time")) {
            html.element("button", axis, "type", "button", "data-axis", axis, "aria-pressed", axis.equals("epoch"));
        }
        html.close();
        html.open("label").text("Smooth ");
        html.open("input", "type", "range", "min", 0, "max", 99, "value", 0, "data-smooth", "");
        html.close().close();
        html.element("button", "log scale", "type", "button", "data-log", "", "aria-pressed", false);
        html.element("button", "whole range", "type", "button", "data-reset", "");
        return html.close();
    }

    /** A live page shows that a run goes on by itself. */
    private void attention(Page p, boolean live) {
        for (RunView run : runs) {
            String prefix = runs.size() == 1 ? "" : run.name() + ": ";
            state(run)
                    .filter(text -> !live || run.state(now) != RunView.State.RUNNING)
                    .ifPresent(text -> p.html(new Html().element("p", text, "class", "note")));
            Attention.of(run, prefix).ifPresent(p::html);
        }
    }

    private Optional<String> state(RunView run) {
        return switch (run.state(now)) {
            case COMPLETED -> Optional.empty();
            case RUNNING -> Optional.of(run.name() + " has not ended yet. This page shows what it has written so far.");
            case LOST ->
                Optional.of(run.name() + " has not ended, and shows no sign of life since step " + run.step()
                        + ". Look at its processes; the same command resumes it.");
            case FAILED ->
                Optional.of(run.name() + " failed after step " + run.step() + ": "
                        + run.end().map(end -> end.text()).orElse(""));
            case DIVERGED ->
                Optional.of(run.name() + " diverged after step " + result(run).steps() + ".");
            case INTERRUPTED ->
                Optional.of(run.name() + " was interrupted after step "
                        + result(run).steps() + ".");
        };
    }

    private static RunResult result(RunView run) {
        return run.result().orElseThrow();
    }

    private void summary(Page p) {
        List<List<String>> rows = new ArrayList<>();
        for (RunView run : runs) {
            List<EpochMetrics> epochs = run.epochs();
            rows.add(List.of(
                    run.name(),
                    Format.percentage(run.medianOfLastFive()),
                    Format.percentage(
                            epochs.isEmpty()
                                    ? Double.NaN
                                    : epochs.get(epochs.size() - 1).validationTop1Error()),
                    Format.whole(run.recipe().minibatch()),
                    run.recipe().workers() + "\u00a0×\u00a0" + run.recipe().imagesPerWorker(),
                    Format.number(run.recipe().scaledLearningRate()),
                    epochs.size() + " of " + run.recipe().epochs(),
                    Format.whole(run.result().map(RunResult::imagesPerSecond).orElse(run.imagesPerSecond())),
                    Format.duration(run.seconds()).replace(' ', '\u00a0'),
                    run.state(now).text()));
        }
        p.table(
                List.of(
                        "run",
                        "validation error, %",
                        "last epoch",
                        "minibatch kn",
                        "k × n",
                        "learning rate η̂",
                        "epochs",
                        "images/s",
                        "time",
                        "state"),
                rows);
        p.element(
                "p", "The validation error is the median of the last five epochs; of at most five, that of the last.");
    }

    /** The recipe keys in which the runs differ, and the step at which two of them part. */
    private void difference(Page p) {
        TreeSet<String> keys = new TreeSet<>();
        for (RunView run : runs) {
            RecipeDifference.all(runs.get(0).recipe(), run.recipe())
                    .forEach(line -> keys.add(line.substring(0, line.indexOf(" = "))));
        }
        keys.remove("name");
        p.element("h2", "What differs");
        if (keys.isEmpty()) {
            p.element("p", "The recipes differ in nothing but their names.");
        } else {
            List<String> header = new ArrayList<>(List.of("recipe key"));
            runs.forEach(run -> header.add(run.name()));
            List<List<String>> rows = new ArrayList<>();
            for (String key : keys) {
                List<String> row = new ArrayList<>(List.of(key));
                runs.forEach(run -> row.add(RecipeDifference.value(run.recipe(), key)));
                rows.add(row);
            }
            p.table(header, rows);
        }
        if (runs.size() == 2) {
            p.element("p", RunDifference.recent(runs.get(0), runs.get(1)).sentence());
        }
    }

    private Figure errors() {
        List<Series> series = new ArrayList<>();
        for (int i = 0; i < runs.size(); i++) {
            RunView run = runs.get(i);
            String prefix = runs.size() == 1 ? "" : run.name() + ", ";
            series.add(epochs(run, prefix + "training", i + 1, true, e -> 100 * e.trainTop1Error()));
            series.add(epochs(run, prefix + "validation", i + 1, false, e -> 100 * e.validationTop1Error()));
        }
        return Figure.curves(
                "error",
                "Error",
                "error, %",
                "Top-1 error of each epoch. Dashed: error on the training images, measured during training.",
                Figure.topAfterStart(series),
                series);
    }

    /** A quantity of every epoch, plotted at its end. */
    private static Series epochs(
            RunView run, String label, int color, boolean dashed, ToDoubleFunction<EpochMetrics> number) {
        List<EpochMetrics> epochs = run.epochs();
        double[] time = epochs.stream().mapToDouble(EpochMetrics::seconds).toArray();
        for (int i = 1; i < time.length; i++) {
            time[i] += time[i - 1];
        }
        return Series.line(
                        label,
                        epochs.stream().mapToDouble(e -> e.epoch() + 1).toArray(),
                        epochs.stream().mapToDouble(number).toArray(),
                        color,
                        dashed)
                .withAxes(epochs.stream().mapToDouble(EpochMetrics::step).toArray(), time);
    }

    private void time(Page p) {
        for (RunView run : runs) {
            StepParts.of(run).ifPresent(parts -> {
                p.element("h2", runs.size() == 1 ? "Where the time goes" : "Where the time goes, " + run.name());
                p.html(parts.html());
            });
            run.workers().ifPresent(times -> p.html(WorkerGrid.of(times)));
            noise(run).ifPresent(text -> p.element("p", text));
        }
    }

    private static Optional<String> noise(RunView run) {
        return NoiseSentence.of(run);
    }

    private void news(Page p) {
        for (RunView run : runs) {
            News.of(run, runs.size() == 1 ? "" : ", " + run.name()).ifPresent(p::html);
        }
    }

    /** Uses the recipes in the run folders, which contain every default and are shown below too. */
    private void reproduce(Page p) {
        StringBuilder text = new StringBuilder();
        for (RunView run : runs) {
            text.append("./lockstep train ")
                    .append(Page.quoted(run.folder().resolve("recipe.yaml").toString()));
            text.append(Page.arguments(
                            run.environment().map(Environment::options).orElse(List.of())))
                    .append(" --out ")
                    .append(Page.quoted("runs/again/" + run.name()))
                    .append('\n');
        }
        p.command(text.toString());
        for (RunView run : runs) {
            run.result()
                    .filter(result -> !result.weightsSha256().isEmpty())
                    .ifPresent(result -> p.element(
                            "p",
                            "With the same build and kind of CPU, " + run.name() + " ends with weights_sha256 = "
                                    + result.weightsSha256() + "."));
        }
    }

    private void environment() {
        for (RunView run : runs) {
            if (runs.size() > 1) {
                page.element("h3", run.name());
            }
            String shape = run.processes() == 0 ? Format.NONE : run.processes() + " × " + run.lanes();
            page.facts(EnvironmentFacts.of(run.environment(), "processes × lanes", shape));
        }
    }
}
