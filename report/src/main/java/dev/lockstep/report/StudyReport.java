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
import dev.lockstep.text.Format;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The report on a study: questions and verdicts first, then the table, curves, commands, environment and recipes. */
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
     * Writes {@code report.html} and {@code plots/} into the study's folder, which also holds its {@link Environment}.
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

    /** The number of runs, and the training time of those that this study trained. */
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
                .map(other -> other.getValue() + " from study " + other.getKey())
                .collect(Collectors.joining(", "));
        return all + (others.isEmpty() ? "" : ", " + others + ", trained on that study's machine") + "; training took "
                + Format.duration(seconds) + " here in total";
    }

    private void table(Page page) {
        StudyFile file = study.file();
        List<List<String>> rows = new ArrayList<>();
        for (StudyResults.Row row : results.rows()) {
            rows.add(List.of(
                    row.variant().label(),
                    Format.percentage(row.errors().mean(), row.errors().standardDeviation()),
                    row.variant().paper().isEmpty()
                            ? Format.NONE
                            : row.variant().paper(),
                    Format.points(results.difference(row)),
                    file.baselineOf(row.variant().name()).map(this::label).orElse(Format.NONE),
                    row.errors().size() + (row.diverged() > 0 ? " (" + row.diverged() + " diverged)" : ""),
                    Format.whole(row.minibatch()),
                    Format.number(row.learningRate())));
        }
        page.table(
                List.of(
                        "variant",
                        "validation error, %",
                        "paper (ImageNet), %",
                        "difference, points",
                        "baseline",
                        "seeds",
                        "minibatch kn",
                        "learning rate η̂"),
                rows);
        page.element(
                "p",
                "Median over the last five epochs; mean ± standard deviation over the seeds. The paper’s numbers"
                        + " are for ResNet-50 on ImageNet: compare the pattern, not the values.");
    }

    private String label(String variant) {
        return study.file().variants().stream()
                .filter(each -> each.name().equals(variant))
                .map(StudyFile.Variant::label)
                .findFirst()
                .orElse(variant);
    }

    /** Appends buttons that show only one variant and its baseline in the curves. */
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
        page.element("p", "A single run, here the first seed of each variant:");
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
                Each question was stated before the study's first run, unless it is marked as asked \
                later; results of runs that were reused from other studies were known by then. Each \
                question gets two tests at the level %s: one can show that the claim holds, the \
                other that it does not. When neither is significant, the verdict is “not enough \
                seeds”: absence of evidence is not evidence of absence. There is no correction for \
                multiple questions.

                “Matches”: two one-sided Welch t-tests (TOST) show that the difference of the mean \
                errors is within the margin; p is the larger of the two p-values. “Worse”: a \
                one-sided Welch t-test. “Curves coincide”: the same for the mean over epochs of the \
                absolute difference of the seed-averaged training errors; the distance expected from \
                noise alone is subtracted before a distance is claimed. “Elbow”: minibatches are \
                tested for a match in ascending order until one fails, and all are tested for being \
                worse, with Holm-adjusted p-values; the position of the elbow and the absence of one \
                are each wrong with a probability of at most twice the level. Intervals are %s %% \
                confidence intervals. A diverged run counts as an error of 100 %%.\
                """, Format.number(file.level()), Format.number(100 * (1 - 2 * file.level())));
    }
}
