package dev.lockstep.report;

import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.study.Sample;
import dev.lockstep.study.StudyFile;
import dev.lockstep.text.Format;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * A study under way: which runs are done, and the errors so far. It states no verdict and no p-value: with tests at a moment
 * of one's choice, a study would find what it hopes for. The report of the finished study has them.
 */
public final class StudyProgressPage {
    private StudyProgressPage() {}

    /**
     * The page.
     *
     * @param folder of the study
     * @param names the name of each run's folder on the server; empty for one that it does not have
     */
    public static LivePage of(Path folder, Function<Path, String> names, Instant now) {
        StudyFile file = StudyFile.read(folder.resolve("study.yaml"));
        Page page = new Page(RunListPage.home().toString(), file.title());
        page.section("study", "Runs of the study", p -> table(p, file, folder, names, now));
        page.paragraphs(file.about());
        return new LivePage(page);
    }

    private static void table(Page page, StudyFile file, Path folder, Function<Path, String> names, Instant now) {
        TreeSet<Long> seeds = new TreeSet<>();
        file.variants().forEach(variant -> seeds.addAll(file.seedsOf(variant)));
        Html html = new Html()
                .open("div", "class", "wide")
                .open("table")
                .open("thead")
                .open("tr");
        html.element("th", "variant", "scope", "col");
        seeds.forEach(seed -> html.element("th", "seed " + seed, "scope", "col"));
        html.element("th", "error so far, %", "scope", "col").close().close().open("tbody");
        int done = 0;
        int all = 0;
        for (StudyFile.Variant variant : file.variants()) {
            List<Double> errors = new ArrayList<>();
            html.open("tr").element("th", variant.label(), "scope", "row");
            for (long seed : seeds) {
                if (file.seedsOf(variant).contains(seed)) {
                    all++;
                    Path run = folder.resolve("runs").resolve(variant.name()).resolve("seed-" + seed);
                    double error = cell(html, run, names.apply(run), now);
                    if (Double.isFinite(error)) {
                        done++;
                        errors.add(error);
                    }
                } else {
                    html.element("td", "");
                }
            }
            Sample sample =
                    new Sample(errors.stream().mapToDouble(Double::doubleValue).toArray());
            html.element(
                            "td",
                            errors.isEmpty()
                                    ? Format.NONE
                                    : Format.percentage(sample.mean(), sample.standardDeviation()) + " ("
                                            + errors.size() + ")")
                    .close();
        }
        page.html(html.close().close().close());
        page.element(
                "p",
                String.format(Locale.ROOT, "%d of %d runs are done. ", done, all)
                        + (done < all
                                ? "Tests and verdicts come when all are: a test at a moment of one’s choice shows what"
                                        + " one hopes for."
                                : "The verdicts are in report.html of the study’s folder."));
    }

    /** Returns the run's error if it is done. */
    private static double cell(Html html, Path run, String name, Instant now) {
        if (!Files.exists(run.resolve(MetricsFile.NAME)) && !Files.exists(run.resolve(RunResult.NAME))) {
            html.element("td", "waiting", "class", "cell-waiting");
            return Double.NaN;
        }
        RunView view = RunView.open(run, name);
        RunView.State state = view.state(now);
        boolean done = state == RunView.State.COMPLETED || state == RunView.State.DIVERGED;
        double error = state == RunView.State.DIVERGED ? 1 : view.medianOfLastFive();
        String text = switch (state) {
            case COMPLETED -> Format.percentage(error);
            case RUNNING ->
                String.format(
                        Locale.ROOT,
                        "epoch %d of %d",
                        view.epochs().size() + 1,
                        view.recipe().epochs());
            default -> state.text();
        };
        String style = switch (state) {
            case COMPLETED -> "cell-done";
            case RUNNING -> "cell-running";
            default -> "cell-bad";
        };
        html.open("td", "class", style);
        if (name.isEmpty()) {
            html.text(text);
        } else {
            html.element("a", text, "href", "/run?run=" + URLEncoder.encode(name, StandardCharsets.UTF_8));
        }
        html.close();
        return done ? error : Double.NaN;
    }
}
