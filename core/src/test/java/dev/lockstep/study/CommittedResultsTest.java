package dev.lockstep.study;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.metrics.RunResult;
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

/** Every table and verdict of docs/results/studies.md follows from the committed summaries of the committed studies. */
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
        assertThat(summaries())
                .containsExactly("engines", "figure1", "remark2", "remark3", "table1", "table2a", "table2b");
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
                assertThat(run.error()).as("the error of %s", wanted.title()).isEqualTo(error(run.validationErrors()));
            }
        }
    }

    /** The median of the last five epochs, if there are more than five; else the last one. */
    private static double error(List<Double> errors) {
        int epochs = errors.size();
        return epochs <= 5
                ? errors.get(epochs - 1)
                : errors.subList(epochs - 5, epochs).stream().sorted().toList().get(2);
    }

    @ParameterizedTest
    @MethodSource("summaries")
    void results_areThoseOfTheSummaries(String name) throws IOException {
        StudyFile study = StudyFile.read(STUDIES.resolve(name + ".yaml"));
        StudyResults computed = StudyResults.read(study, SUMMARIES.resolve(name + ".json"));
        assertThat(Files.readString(SUMMARIES.resolve(name + ".json")))
                .as("the answers in the summary of %s", name)
                .isEqualTo(computed.summaryJson());
        String section = section(name);
        assertThat(section).as("the table and the verdicts of %s", name).contains(computed.markdown());
        long taken = computed.runs().stream()
                .filter(run -> !run.reusedFrom().isEmpty())
                .count();
        assertThat(section)
                .contains(
                        taken == 0
                                ? computed.runs().size() + " runs"
                                : "%d runs; %d trained for this study, %d taken over from "
                                        .formatted(
                                                computed.runs().size(),
                                                computed.runs().size() - taken,
                                                taken));
    }

    private static String section(String name) throws IOException {
        String results =
                Files.readString(Path.of("..", "docs", "results", "studies.md")).replaceAll("\\s*\n(?=[a-z0-9])", " ");
        int start = results.indexOf("## " + name + ":");
        assertThat(start).as("a section of %s", name).isNotNegative();
        int end = results.indexOf("\n## ", start);
        return results.substring(start, end < 0 ? results.length() : end);
    }

    /** What a study took over is what the other one trained, and on the same data. */
    @ParameterizedTest
    @MethodSource("summaries")
    void runsTakenOver_areThoseOfTheStudyThatTrainedThem(String name) {
        for (RunSummary run : runs(name)) {
            if (run.reusedFrom().isEmpty()) {
                continue;
            }
            assertThat(runs(run.reusedFrom())).as(name + " " + run.variant()).anySatisfy(trained -> {
                assertThat(trained.reusedFrom()).isEmpty();
                assertThat(trained.recipeSha256()).isEqualTo(run.recipeSha256());
                assertThat(trained.datasetFingerprint()).isEqualTo(run.datasetFingerprint());
                assertThat(trained.weightsSha256()).isEqualTo(run.weightsSha256());
                assertThat(trained.trainingErrors()).isEqualTo(run.trainingErrors());
                assertThat(trained.validationErrors()).isEqualTo(run.validationErrors());
            });
        }
    }
}
