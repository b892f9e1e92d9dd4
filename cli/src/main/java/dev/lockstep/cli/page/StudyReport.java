package dev.lockstep.cli.page;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.report.Environment;
import dev.lockstep.study.Answer;
import dev.lockstep.study.Study;
import dev.lockstep.study.StudyFile;
import dev.lockstep.study.StudyResults;
import dev.lockstep.study.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A study on one page: questions and verdicts first, then the table, curves, environment, recipes and commands. */
public final class StudyReport {
    public static final String NAME = "report.html";

    private final Study study;
    private final StudyResults results;
    private final Path out;
    private final StudyFigures figures;

    private StudyReport(Study study, StudyResults results, Path out) {
        this.study = study;
        this.results = results;
        this.out = out;
        this.figures = new StudyFigures(study, results, baseline(study.file()));
    }

    /**
     * Writes {@code report.html} and {@code plots/} into the study's folder.
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

    /** The variant that others are compared with: the first question's, or the first of the table. */
    static String baseline(StudyFile file) {
        return file.questions().isEmpty()
                ? file.variants().get(0).name()
                : file.questions().get(0).baseline();
    }

    private Page page() {
        StudyFile file = study.file();
        Page page = new Page(file.title());
        int runs = file.variants().size() * file.seeds().size();
        if (results.runs().size() < runs) {
            page.html("<p class=\"note\">" + results.runs().size() + " of " + runs
                    + " runs are finished: the verdicts are those of the runs so far.</p>");
        }
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
        page.facts(EnvironmentFacts.of(
                Environment.read(out), "runs", Integer.toString(results.runs().size())));
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

    private void table(Page page) {
        double baseline = results.rows().stream()
                .filter(row -> row.variant().name().equals(baseline(study.file())))
                .mapToDouble(row -> row.errors().mean())
                .findFirst()
                .orElse(Double.NaN);
        List<List<String>> rows = new ArrayList<>();
        for (StudyResults.Row row : results.rows()) {
            double mean = row.errors().mean();
            boolean isBaseline = row.variant().name().equals(baseline(study.file()));
            rows.add(List.of(
                    row.variant().label(),
                    Numbers.percent(mean, row.errors().standardDeviation()),
                    row.variant().paper().isEmpty()
                            ? Numbers.NONE
                            : row.variant().paper(),
                    isBaseline ? Numbers.NONE : Numbers.points(mean - baseline),
                    row.errors().size() + (row.diverged() > 0 ? " (" + row.diverged() + " diverged)" : ""),
                    Numbers.whole(row.minibatch()),
                    Numbers.significant(row.learningRate())));
        }
        page.table(
                List.of(
                        "variant",
                        "validation error, %",
                        "the paper’s, ImageNet, %",
                        "against the baseline, points",
                        "seeds",
                        "minibatch kn",
                        "learning rate η̂"),
                rows);
        page.element(
                "p",
                "Median of the last five epochs; mean ± standard deviation over the seeds. The paper’s numbers"
                        + " are of ResNet-50 on ImageNet: the shape can be compared, the values cannot.");
    }

    /** Buttons that leave the baseline and one variant in the curves. */
    private void choice(Page page) {
        String baseline = baseline(study.file());
        StringBuilder buttons = new StringBuilder("<div class=\"tools\" role=\"group\" aria-label=\"Variants shown\">");
        buttons.append("<button type=\"button\" data-only=\"\" aria-pressed=\"true\">all</button>");
        for (StudyResults.Row row : results.rows()) {
            if (!row.variant().name().equals(baseline)) {
                String label = Page.escape(row.variant().label());
                buttons.append("<button type=\"button\" aria-pressed=\"false\" data-only=\"");
                buttons.append(label).append("\">").append(label).append("</button>");
            }
        }
        page.html(buttons.append("</div>").toString());
    }

    private void commands(Page page) {
        String file = study.path().toString();
        page.command("./lockstep study " + file + " --out " + out);
        page.element("p", "One run of it alone, such as the first seed of each variant:");
        StringBuilder text = new StringBuilder();
        Path recipe = study.path().resolveSibling(study.file().recipe()).normalize();
        for (StudyFile.Variant variant : study.file().variants()) {
            text.append("./lockstep train ").append(recipe);
            study.overrides(variant)
                    .forEach((key, value) -> text.append(" --set ").append(quoted(key + "=" + value)));
            text.append(" --set seed=").append(study.file().seeds().get(0)).append('\n');
        }
        page.command(text.toString());
    }

    private static String quoted(String word) {
        return word.matches("[A-Za-z0-9._=/-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }

    private static String method(StudyFile file) {
        return String.format(
                Locale.ROOT, """
                Each question was stated before the runs, and is put to two tests at the level %s: one that can show it, one that \
                can show the contrary. When neither does, the verdict is “not enough seeds”: a difference that was not found is \
                not a difference that is absent. No correction is made for asking several questions.

                “Matches”: two one-sided Welch t-tests put the difference of the mean errors within the margin (TOST); p is the \
                larger of the two. “Worse”: one one-sided Welch t-test. “Curves coincide”: the same for the mean over the epochs \
                of the absolute difference of the seed-averaged training errors; what noise alone would show is taken off before \
                a distance is claimed. Intervals hold the difference with %s %% confidence. A diverged run counts as an error of \
                100 %%.""", Numbers.significant(file.level()), Numbers.significant(100 * (1 - 2 * file.level())));
    }

    static boolean exists(Path folder) {
        return Files.exists(folder.resolve(StudyResults.SUMMARY));
    }
}
