package dev.lockstep.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.recipe.YamlRecords;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class StudyFuzzTest {
    private static final String STUDY = "{name: s, title: t, recipe: r.yaml, seeds: [1, 2],"
            + " variants: [{name: a}, {name: b, label: '|=x', set: {workers: '2'}}],"
            + " questions: [{kind: matches, baseline: a, variant: b, margin-points: 1}]}";

    static Stream<Arguments> studies() throws IOException {
        return Stream.of(
                arguments((Object) Files.readAllBytes(Path.of("../studies/quick.yaml"))),
                arguments((Object) Files.readAllBytes(Path.of("../studies/table1.yaml"))),
                arguments((Object) STUDY.getBytes(StandardCharsets.UTF_8)),
                arguments(
                        (Object) STUDY.replace("title: t", "title: \"\\e[2J\"").getBytes(StandardCharsets.UTF_8)),
                arguments((Object) STUDY.replace("[1, 2]", "[1, 1]").getBytes(StandardCharsets.UTF_8)),
                arguments((Object) "variants: [*a]".getBytes(StandardCharsets.UTF_8)));
    }

    /** Any text is either a study whose tables can be written, or rejected. */
    @MethodSource("studies")
    @FuzzTest(maxDuration = "60s")
    void anyText_isAStudyOrRefused(byte[] bytes) {
        try {
            StudyFile study =
                    YamlRecords.read(StudyFile.class, new String(bytes, StandardCharsets.UTF_8), "fuzz", Map.of());
            StudyResults results = StudyResults.of(study, List.of());
            assertThat(results.markdown() + StudyTables.table(results)).doesNotContainPattern("[\\p{Cntrl}&&[^\n]]");
        } catch (LockstepException e) {
            assertThat(e.kind()).isEqualTo(LockstepException.Kind.RECIPE);
        }
    }

    static Stream<Arguments> summaries() throws IOException {
        String run = "{\"variant\":\"a\",\"seed\":1,\"recipe_sha256\":\"00\",\"status\":\"COMPLETED\",\"error\":0.5,"
                + "\"weights_sha256\":\"\",\"training_errors\":[0.5],\"validation_errors\":[null]}";
        return Stream.of(
                        "{\"study\":\"s\",\"runs\":[" + run.replace("null", "0.5") + "]}",
                        "{\"study\":\"s\",\"runs\":[" + run + "]}",
                        "{\"study\":\"s\",\"runs\":null}",
                        "{\"study\":\"s\",\"runs\":[null]}",
                        "{\"study\":\"s\",\"runs\":{\"a\":{}}}",
                        "[".repeat(2000),
                        "null",
                        "")
                .map(text -> arguments((Object) text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Any bytes are either a summary with everything that is read from it, or rejected. */
    @MethodSource("summaries")
    @FuzzTest(maxDuration = "60s")
    void anySummary_isReadOrRefused(byte[] bytes) throws IOException {
        try {
            StudyResults.Summary summary = StudyResults.summary(new ObjectMapper().readTree(bytes));
            StudyFile study = YamlRecords.read(StudyFile.class, STUDY, "fuzz", Map.of());
            StudyTables.curves(new StudyResults(study, summary.runs(), List.of(), List.of()));
            StudyTables.runs(new StudyResults(study, summary.runs(), List.of(), List.of()));
        } catch (IOException | IllegalArgumentException e) {
            // Callers turn this into a message.
        }
    }
}
