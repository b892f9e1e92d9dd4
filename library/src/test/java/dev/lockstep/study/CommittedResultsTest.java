package dev.lockstep.study;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.report.RunResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every table and verdict of RESULTS.md follows from the committed summaries of the committed studies. */
final class CommittedResultsTest {
    private static final Path STUDIES = Path.of("..", "studies");
    private static final Path SUMMARIES = STUDIES.resolve("results");

    static List<String> summaries() throws IOException {
        try (Stream<Path> files = Files.list(SUMMARIES)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".json"))
                    .map(name -> name.replace(".json", ""))
                    .sorted()
                    .toList();
        }
    }

    private static List<RunSummary> runs(String name) {
        return StudyResults.readSummary(SUMMARIES.resolve(name + ".json")).runs();
    }

    @Test
    void everyStudy_hasBeenRun() throws IOException {
        // One seed each: "quick" shows the point and proves nothing.
        assertThat(summaries()).contains("figure1", "table1", "table2a");
    }

    @ParameterizedTest
    @MethodSource("summaries")
    void runs_areThoseThatTheStudyAsksFor(String name) {
        Study study = Study.read(STUDIES.resolve(name + ".yaml"));
        Map<String, RunSummary> runs =
                runs(name).stream().collect(Collectors.toMap(run -> run.variant() + " seed " + run.seed(), run -> run));
        List<StudyRun> grid = study.grid(Path.of("out"));
        assertThat(runs).hasSameSizeAs(grid);
        for (StudyRun wanted : grid) {
            RunSummary run = runs.get(wanted.title());
            assertThat(run).as(wanted.title()).isNotNull();
            assertThat(run.recipeSha256()).as(wanted.title()).isEqualTo(wanted.recipeSha256());
            assertThat(run.minibatch()).isEqualTo(wanted.recipe().minibatch());
            assertThat(run.learningRate()).isEqualTo(wanted.recipe().scaledLearningRate());
            if (run.status() == RunResult.Status.COMPLETED) {
                int epochs = wanted.recipe().epochs();
                assertThat(run.trainingErrors()).hasSize(epochs);
                assertThat(run.validationErrors()).hasSize(epochs);
                assertThat(run.error())
                        .as("the median of the last five epochs of %s", wanted.title())
                        .isEqualTo(run.validationErrors().subList(epochs - 5, epochs).stream()
                                .sorted()
                                .toList()
                                .get(2));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("summaries")
    void results_areThoseOfTheSummaries(String name) throws IOException {
        StudyFile study = StudyFile.read(STUDIES.resolve(name + ".yaml"));
        StudyResults computed = StudyResults.read(study, SUMMARIES.resolve(name + ".json"));
        assertThat(Files.readString(Path.of("..", "RESULTS.md")))
                .as("the table and the verdicts of %s", name)
                .contains("### " + name + ":")
                .contains(computed.markdown());
    }

    /** Runs of one recipe, in whatever study, ended with the same weights. */
    @Test
    void runs_ofOneRecipe_areTheSame() throws IOException {
        Map<String, List<String>> weights = summaries().stream()
                .flatMap(name -> runs(name).stream())
                .collect(Collectors.groupingBy(
                        RunSummary::recipeSha256, Collectors.mapping(RunSummary::weightsSha256, Collectors.toList())));
        assertThat(weights.values()).allSatisfy(same -> assertThat(same).containsOnly(same.get(0)));
    }
}
