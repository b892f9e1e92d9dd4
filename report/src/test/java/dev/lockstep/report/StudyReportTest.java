package dev.lockstep.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.metrics.Environment;
import dev.lockstep.study.Study;
import dev.lockstep.study.StudyResults;
import dev.lockstep.text.Format;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("slow")
final class StudyReportTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @Test
    void write_showsVerdictsFirstThenTheTableWithThePapersNumbers() throws IOException {
        Study study = FakeRuns.study(folder);
        Path out = folder.resolve("out");
        StudyResults results = FakeRuns.results(study, out);
        Environment.current(List.of("--data", "there")).writeOnce(out);
        StudyReport.write(study, results, out);
        String page = Files.readString(out.resolve("report.html"));
        assertThat(page)
                .contains("<h1>Gradual warmup &lt;matches&gt; the baseline</h1>\n<section class=\"answer holds\">");
        assertThat(page).contains("class=\"answer does-not-hold\"", "class=\"answer not-enough-seeds\"");
        assertThat(page.indexOf("class=\"answer")).isLessThan(page.indexOf("<table>"));
        assertThat(page).contains("23.74 ± 0.09", "First paragraph &amp; more.", "<p>Second paragraph.</p>");
        StudyResults.Row row = results.rows().get(1);
        assertThat(page)
                .contains(Format.percentage(row.errors().mean(), row.errors().standardDeviation()));
        assertThat(page)
                .contains(
                        "--set learning-rate.warmup.kind=none --set name=table-none --set workers=16 --set seed=1 --data there")
                .contains("--out " + out + " --data there");
    }

    @Test
    void write_plotsMeansWithSpreadsAndTheErrorByMinibatch() throws IOException {
        Study study = FakeRuns.study(folder);
        Path out = folder.resolve("out");
        StudyResults results = FakeRuns.results(study, out);
        StudyReport.write(study, results, out);
        JsonNode figures = RunReportTest.figures(Files.readString(out.resolve("report.html")));
        JsonNode figure1 = figures.path("error-by-minibatch");
        assertThat(figure1.path("series").path(0).path("x").toString()).isEqualTo("[64.0,512.0,512.0]");
        JsonNode small = figures.path("training-error").path("series").path(0);
        assertThat(small.path("color").asInt()).isZero();
        double mean = results.runs().stream()
                .filter(run -> run.variant().equals("small"))
                .mapToDouble(run -> 100 * run.trainingErrors().get(4))
                .average()
                .orElseThrow();
        assertThat(small.path("y").path(4).asDouble()).isCloseTo(mean, within(1e-3));
        assertThat(small.path("spread").path(4).asDouble()).isPositive();
        assertThat(figures.path("learning-rate")
                        .path("series")
                        .path(1)
                        .path("y")
                        .path(0)
                        .asDouble())
                .isEqualTo(0.025);
        for (String id : new String[] {"error-by-minibatch", "training-error", "validation-error", "learning-rate"}) {
            assertThat(out.resolve("plots").resolve(id + ".svg")).isNotEmptyFile();
            assertThat(out.resolve("plots").resolve(id + ".png")).isNotEmptyFile();
        }
    }
}
