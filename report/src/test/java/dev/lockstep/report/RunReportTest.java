package dev.lockstep.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.metrics.Environment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("slow")
final class RunReportTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    static JsonNode figures(String page) throws IOException {
        Matcher data =
                Pattern.compile("id=\"figures\">(.*?)</script>", Pattern.DOTALL).matcher(page);
        assertThat(data.find()).isTrue();
        return new ObjectMapper().readTree(data.group(1));
    }

    @Test
    void write_ofARunFolder_plotsEveryEpochAndKnowsTheMachine() throws IOException {
        Path run = FakeRuns.run(folder, "first");
        RunReport.write(run, List.of(), 40);
        String page = Files.readString(run.resolve("report.html"));
        JsonNode error = figures(page).path("error");
        assertThat(error.path("series").path(1).path("x").size()).isEqualTo(20);
        assertThat(error.path("series").path(1).path("name").asText()).isEqualTo("validation");
        assertThat(figures(page)
                        .path("learning-rate")
                        .path("series")
                        .path(0)
                        .path("step")
                        .size())
                .isEqualTo(800);
        assertThat(figures(page).has("noise-scale")).isFalse();
        assertThat(page).contains("<th scope=\"row\">first</th>", "2\u00a0×\u00a032", "cores");
        assertThat(run.resolve("environment.json")).exists();
    }

    @Test
    void write_namesTheDataInTheCommandThatRunsItAgain() throws IOException {
        Path run = FakeRuns.run(folder, "first");
        Files.writeString(run.resolve("environment.json"), "{\"date\":\"20"); // As a killed process could have left it.
        RunReport.write(run, List.of("--data", "/my data"), 40);
        assertThat(Files.readString(run.resolve("report.html")))
                .contains("recipe.yaml --data '/my data' --out runs/again/first");
        assertThat(Environment.read(run).orElseThrow().options()).containsExactly("--data", "/my data");
    }

    /** At a quarter of the first epoch, not at its end. */
    @Test
    void write_ofARunStoppedInItsFirstEpoch_drawsItThere() throws IOException {
        Path run = FakeRuns.run(folder, "first");
        Path metrics = run.resolve("metrics.jsonl");
        Files.write(metrics, Files.readAllLines(metrics).subList(0, 10));
        RunReport.write(run, List.of(), 40);
        JsonNode x = figures(Files.readString(run.resolve("report.html")))
                .path("loss")
                .path("series")
                .path(0)
                .path("x");
        assertThat(x.path(x.size() - 1).asDouble()).isEqualTo(0.25);
    }

    @Test
    void page_loadsNothingFromTheNetwork() throws IOException {
        Path run = FakeRuns.run(folder, "first");
        RunReport.write(run, List.of(), 40);
        String page = Files.readString(run.resolve("report.html"));
        assertThat(page).doesNotContainPattern("(src|href)\\s*=\\s*[\"']").doesNotContain("@import", "url(");
    }

    @Test
    void write_severalRuns_givesUniqueNamesAndWritesPlots() throws IOException {
        List<Path> runs =
                List.of(FakeRuns.run(folder.resolve("a"), "seed-1"), FakeRuns.run(folder.resolve("b"), "seed-1"));
        Path plots = folder.resolve("plots");
        RunReport.write(runs, folder.resolve("deep/compare.html"), Optional.of(plots));
        JsonNode series = figures(Files.readString(folder.resolve("deep/compare.html")))
                .path("loss")
                .path("series");
        assertThat(series.findValuesAsText("name")).containsExactly("a/seed-1", "b/seed-1");
        assertThat(Files.readString(plots.resolve("error.svg")))
                .startsWith("<?xml")
                .contains("<svg");
        assertThat(ImageIO.read(plots.resolve("loss.png").toFile()).getWidth()).isGreaterThan(900);
    }

    @Test
    void write_ofAnUnfinishedRun_saysSo() throws IOException {
        Path run = FakeRuns.run(folder, "live");
        Files.delete(run.resolve("result.json"));
        RunReport.write(run, List.of(), 40);
        assertThat(Files.readString(run.resolve("report.html"))).contains("live has not ended yet");
    }

    @Test
    void write_atTheEndOfARun_doesNotFailIt() {
        RunReport.write(folder.resolve("nothing-here"), List.of(), 40);
        assertThat(folder.resolve("nothing-here")).doesNotExist();
    }

    @Test
    void write_folderWithoutARun_isAUserError() {
        assertThatThrownBy(() -> RunReport.write(List.of(folder), folder.resolve("x.html"), Optional.empty()))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining(folder.toString());
    }

    @Test
    void thinned_keepsMeansAndTheLastPoint() {
        double[] x = {1, 2, 3, 4, 5, 6};
        Series thin = Series.line("s", x, new double[] {1, 3, Double.NaN, 7, 9, 11}, 0, false)
                .thinned(3);
        assertThat(thin.x()).containsExactly(2, 4, 6);
        assertThat(thin.y()).containsExactly(2, 7, 10);
    }
}
