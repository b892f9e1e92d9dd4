package dev.lockstep.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.metrics.RunResult;
import dev.lockstep.study.Study;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StudyProgressPageTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    private String page(Path study) {
        return StudyProgressPage.of(study, run -> run.getFileName().toString(), Instant.now())
                .html("/events?study=out");
    }

    private static String words(String page) {
        return page.replaceAll("(?s)<script.*?</script>|<style.*?</style>", "")
                .replaceAll("<[^>]*>", " ")
                .replaceAll("\\s+", " ");
    }

    @Test
    void studyUnderWay_showsWhichRunsAreDone_andNoTest() throws IOException {
        Study study = FakeRuns.study(folder);
        Path out = folder.resolve("out");
        FakeRuns.results(study, out);
        Files.copy(folder.resolve("study.yaml"), out.resolve("study.yaml"), StandardCopyOption.REPLACE_EXISTING);
        Files.copy(folder.resolve("base.yaml"), out.resolve("base.yaml"), StandardCopyOption.REPLACE_EXISTING);
        assertThat(words(page(out)))
                .contains("9 of 9 runs are done.", "report.html of the study’s folder")
                .doesNotContain("waiting");
        Path last = out.resolve("runs/none/seed-3");
        Files.delete(last.resolve(RunResult.NAME));
        Files.delete(last.resolve("metrics.jsonl"));
        String page = page(out);
        assertThat(page).contains("cell-waiting", "href=\"/run?run=seed-1\"").doesNotContain("<matches>");
        assertThat(words(page))
                .contains("Gradual warmup &lt;matches&gt; the baseline", "waiting", "8 of 9 runs are done. Tests and")
                .containsPattern("kn = 512, no warmup( [0-9.]+){2} waiting [0-9.]+ ± [0-9.]+ \\(2\\)")
                .doesNotContain(" p = ", "p-value", " p &lt;");
    }
}
