package dev.lockstep.study;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** Every table and verdict of RESULTS.md follows from the committed summaries of the committed studies. */
final class CommittedResultsTest {
    private static final Path ROOT = Path.of("..");
    private static final Path SUMMARIES = ROOT.resolve("studies/results");

    @Test
    void results_areThoseOfTheSummaries() throws IOException {
        Assumptions.assumeTrue(Files.exists(SUMMARIES), "no study's summary.json is committed in studies/results yet");
        String results = Files.readString(ROOT.resolve("RESULTS.md"));
        List<Path> summaries;
        try (Stream<Path> files = Files.list(SUMMARIES)) {
            summaries = files.filter(file -> file.toString().endsWith(".json"))
                    .sorted()
                    .toList();
        }
        assertThat(summaries).isNotEmpty();
        for (Path summary : summaries) {
            String name = summary.getFileName().toString().replace(".json", "");
            StudyFile study = StudyFile.read(ROOT.resolve("studies").resolve(name + ".yaml"));
            StudyResults computed = StudyResults.read(study, summary);
            assertThat(computed.runs())
                    .as("all runs of %s", name)
                    .hasSize(study.variants().size() * study.seeds().size());
            assertThat(results).as("the table and the verdicts of %s", name).contains(computed.markdown());
        }
    }
}
