package dev.lockstep.report;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.metrics.Environment;
import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.study.Answer;
import dev.lockstep.study.RunSummary;
import dev.lockstep.study.Study;
import dev.lockstep.study.StudyFile;
import dev.lockstep.study.StudyResults;
import dev.lockstep.study.StudyRun;
import dev.lockstep.study.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** A study on one page: questions and verdicts first, then the table, curves, environment, recipes and commands. */
public final class StudyReport {
    public static final String NAME = "report.html";

    private final Study study;
    private final StudyResults results;
    private final Path out;
    private final StudyFigures figures;
    private final Optional<Environment> environment;

    private StudyReport(Study study, StudyResults results, Path out) {
        this.study = study;
        this.results = results;
        this.out = out;
        this.figures = new StudyFigures(study, results);
        this.environment = Environment.read(out);
    }

    /**
     * Writes {@code report.html} and {@code plots/} into the study's folder, which holds its {@link Environment}.
     *
     * @throws LockstepException when they cannot be written
     */
    public static void write(Study study, StudyResults results, Path out) {
        try {
            Page page = new StudyReport(study, results, out).page();
            page.write(out.resolve(NAME));
            StaticPlot.write(page.figures(), out.resolve("plots"));
        } catch (IOException e) {
            throw LockstepException.recipe("cannot write the report: " + e, "out = " + out, "make it writable");
        }
    }

    private Page page() {
        StudyFile file = study.file();
        Page page = new Page(file.title());
        results.answers().forEach(answer -> page.html(answer(answer)));
        page.paragraphs(file.about());
        page.element("h2", "Errors");
        table(page);
        page.figure(figures.errorByMinibatch());
        page.element("h2", "Curves");
        choice(page);
        page.figure(figures.training()).figure(figures.validation()).figure(figures.learningRate());
        page.element("h2", "Reproduce");
        commands(page);
        page.element("h2", "Environment");
        page.facts(EnvironmentFacts.of(environment, "runs", runs()));
        page.element("h2", "Recipes");
        file.variants()
                .forEach(variant -> page.details(
                        variant.label(), study.recipe(variant.name()).toYaml()));
        page.element("h2", "How the verdicts are reached");
        page.paragraphs(method(file));
        return page;
    }

    private static String answer(Answer answer) {
        String style = answer.verdict().toString().replace(' ', '-');
        String mark = answer.verdict() == Verdict.HOLDS ? "✓" : answer.verdict() == Verdict.DOES_NOT_HOLD ? "✗" : "?";
        return "<section class=\"answer " + style + "\"><p class=\"claim\">" + Page.escape(answer.claim())
                + "</p><p class=\"verdict\">" + mark + " " + answer.verdict() + "</p><p class=\"reason\">"
                + Page.escape(answer.reason()) + "</p></section>";
    }

    /** How many there are, and how long those took that this study trained. */
    private String runs() {
        double seconds = 0;
        for (StudyRun run : study.grid(out)) {
            Path metrics = run.folder().resolve(MetricsFile.NAME);
            if (Files.exists(metrics)) {
                seconds += MetricsFile.read(metrics).epochs().stream()
                        .mapToDouble(EpochMetrics::seconds)
                        .sum();
            }
        }
        int all = results.runs().size();
        String others = results.runs().stream()
                .filter(run -> !run.reusedFrom().isEmpty())
                .collect(Collectors.groupingBy(RunSummary::reusedFrom, TreeMap::new, Collectors.counting()))
                .entrySet()
                .stream()
                .map(other -> other.getValue() + " of the study " + other.getKey())
                .collect(Collectors.joining(", "));
        return all + (others.isEmpty() ? "" : ", " + others + ", on the machine of that") + "; training took "
                + Numbers.minutes(seconds) + " here, one run after another";
    }

    private void table(Page page) {
        StudyFile file = study.file();
        List<List<String>> rows = new ArrayList<>();
        for (StudyResults.Row row : results.rows()) {
            rows.add(List.of(
                    row.variant().label(),
                    Numbers.percent(row.errors().mean(), row.errors().standardDeviation()),
                    row.variant().paper().isEmpty()
                            ? Numbers.NONE
                            : row.variant().paper(),
                    Numbers.points(results.difference(row)),
                    file.baselineOf(row.variant().name()).map(this::label).orElse(Numbers.NONE),
                    row.errors().size() + (row.diverged() > 0 ? " (" + row.diverged() + " diverged)" : ""),
                    Numbers.whole(row.minibatch()),
                    Numbers.significant(row.learningRate())));
        }
        page.table(
                List.of(
                        "variant",
                        "validation error, %",
                        "the paper’s, ImageNet, %",
                        "difference, points",
                        "to the baseline",
                        "seeds",
                        "minibatch kn",
                        "learning rate η̂"),
                rows);
        page.element(
                "p",
                "Median of the last five epochs; mean ± standard deviation over the seeds. The paper’s numbers"
                        + " are of ResNet-50 on ImageNet: the shape can be compared, the values cannot.");
    }

    private String label(String variant) {
        return study.file().variants().stream()
                .filter(each -> each.name().equals(variant))
                .map(StudyFile.Variant::label)
                .findFirst()
                .orElse(variant);
    }

    /** Buttons that leave a variant and its baseline in the curves. */
    private void choice(Page page) {
        StringBuilder buttons = new StringBuilder("<div class=\"tools\" role=\"group\" aria-label=\"Variants shown\">");
        buttons.append("<button type=\"button\" data-only=\"\" aria-pressed=\"true\">all</button>");
        for (StudyResults.Row row : results.rows()) {
            study.file().baselineOf(row.variant().name()).ifPresent(baseline -> {
                String label = Page.escape(row.variant().label());
                buttons.append("<button type=\"button\" aria-pressed=\"false\" data-only=\"");
                buttons.append(label).append("\" data-baseline=\"").append(Page.escape(label(baseline)));
                buttons.append("\">").append(label).append("</button>");
            });
        }
        page.html(buttons.append("</div>").toString());
    }

    private void commands(Page page) {
        String options = Page.arguments(environment.map(Environment::options).orElse(List.of()));
        page.command("./lockstep study " + Page.quoted(study.path().toString()) + " --out "
                + Page.quoted(out.toString()) + options);
        page.element("p", "One run of it alone, such as the first seed of each variant:");
        StringBuilder text = new StringBuilder();
        Path recipe = study.path().resolveSibling(study.file().recipe()).normalize();
        for (StudyFile.Variant variant : study.file().variants()) {
            text.append("./lockstep train ").append(Page.quoted(recipe.toString()));
            study.overrides(variant)
                    .forEach((key, value) -> text.append(" --set ").append(Page.quoted(key + "=" + value)));
            text.append(" --set seed=")
                    .append(study.file().seedsOf(variant).get(0))
                    .append(options)
                    .append('\n');
        }
        page.command(text.toString());
    }

    private static String method(StudyFile file) {
        return String.format(
                Locale.ROOT, """
                Each question was stated before the study's first run, unless it says that it was asked after; where runs of other \
                studies were taken over, those were known by then. It is put to two tests at the level %s: one that can show it, one that can show the contrary. When neither does, the verdict is “not enough seeds”: a difference that was not found is \
                not a difference that is absent. No correction is made for asking several questions.

                “Matches”: two one-sided Welch t-tests put the difference of the mean errors within the margin (TOST); p is the \
                larger of the two. “Worse”: one one-sided Welch t-test. “Curves coincide”: the same for the mean over the epochs \
                of the absolute difference of the seed-averaged training errors; what noise alone would show is taken off before \
                a distance is claimed. “Elbow”: minibatches are tested for a match from the smallest on until one fails; being \
                worse is tested for all, with p-values after Holm; where the elbow lies, and that there is none, are each wrong \
                with up to twice the level. Intervals hold the difference with %s %% confidence. A diverged run counts as an error of \
                100 %%.""", Numbers.significant(file.level()), Numbers.significant(100 * (1 - 2 * file.level())));
    }
}
