package dev.lockstep.study;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.errors.InputFile;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.metrics.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A study's results: its runs in grid order, the table and the answers. The files it writes hold nothing that depends
 * on time or machine.
 *
 * @param study the study
 * @param runs the finished runs, in grid order
 * @param rows one row per variant, in study order
 * @param answers one answer per question
 */
public record StudyResults(StudyFile study, List<RunSummary> runs, List<Row> rows, List<Answer> answers) {
    /** The file from which all figures can be recomputed. */
    public static final String SUMMARY = "summary.json";

    /** The files that {@link #write} writes. */
    static final List<String> NAMES =
            List.of(SUMMARY, "table.csv", "runs.csv", "curves.csv", "answers.csv", "results.md");

    private static final int MOST_BYTES = 100_000_000;
    private static final ObjectMapper JSON = Json.MAPPER
            .copy()
            .setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(SerializationFeature.INDENT_OUTPUT)
            .enable(SerializationFeature.WRITE_ENUMS_USING_TO_STRING);

    /**
     * A variant's row in the table.
     *
     * @param variant the variant
     * @param minibatch the minibatch size kn
     * @param learningRate the scaled learning rate η̂
     * @param errors the errors of its finished seeds
     * @param diverged the number of those that diverged
     */
    public record Row(StudyFile.Variant variant, int minibatch, double learningRate, Sample errors, int diverged) {}

    /** Computes the table and the answers from the summaries of finished runs. */
    public static StudyResults of(StudyFile study, List<RunSummary> runs) {
        List<Row> rows = study.variants().stream()
                .map(variant -> row(
                        variant,
                        runs.stream()
                                .filter(run -> run.variant().equals(variant.name()))
                                .toList()))
                .filter(row -> row.errors.size() > 0)
                .toList();
        return new StudyResults(study, List.copyOf(runs), rows, new Answers(study, runs).all());
    }

    private static Row row(StudyFile.Variant variant, List<RunSummary> runs) {
        Sample errors = new Sample(runs.stream().mapToDouble(RunSummary::error).toArray());
        int diverged = (int) runs.stream().filter(RunSummary::hasDiverged).count();
        return runs.isEmpty()
                ? new Row(variant, 0, 0, errors, 0)
                : new Row(variant, runs.get(0).minibatch(), runs.get(0).learningRate(), errors, diverged);
    }

    /** The contents of a {@code summary.json}: the study's name and its runs, from which the rest follows. */
    record Summary(String study, List<RunSummary> runs) {}

    /**
     * Computes results from a study and its {@code summary.json}.
     *
     * @throws LockstepException of kind DATA when the file holds no summary of a study
     */
    public static StudyResults read(StudyFile study, Path summary) {
        return of(study, readSummary(summary).runs());
    }

    /** @throws LockstepException of kind DATA when the file holds no summary of a study */
    static Summary readSummary(Path summary) {
        try {
            return summary(JSON.readTree(InputFile.bytes(summary, MOST_BYTES)));
        } catch (IOException | IllegalArgumentException e) {
            throw LockstepException.data(
                    "cannot read the study's summary: " + e,
                    "file = " + summary,
                    "use the folder of a study, or run the study again");
        }
    }

    static Summary summary(JsonNode file) {
        JsonNode runs = file.required("runs");
        for (JsonNode run : runs) {
            if (!run.isObject()) {
                throw new IllegalArgumentException("'runs' holds " + run.getNodeType());
            }
        }
        if (!runs.isArray()) {
            throw new IllegalArgumentException("'runs' is no list");
        }
        return new Summary(
                file.required("study").asText(), JSON.convertValue(runs, new TypeReference<List<RunSummary>>() {}));
    }

    /** A variant's mean error minus its baseline's, as a fraction; NaN when it has no baseline. */
    public double difference(Row row) {
        return study.baselineOf(row.variant().name()).stream()
                .flatMap(baseline ->
                        rows.stream().filter(other -> other.variant().name().equals(baseline)))
                .mapToDouble(other -> row.errors().mean() - other.errors().mean())
                .findFirst()
                .orElse(Double.NaN);
    }

    /**
     * Writes {@code summary.json}, {@code table.csv}, {@code runs.csv}, {@code curves.csv}, {@code answers.csv} and
     * {@code results.md}.
     */
    void write(Path out) {
        List<String> texts = List.of(
                summaryJson(),
                StudyTables.table(this),
                StudyTables.runs(this),
                StudyTables.curves(this),
                StudyTables.answers(this),
                markdown());
        for (int i = 0; i < NAMES.size(); i++) {
            write(out.resolve(NAMES.get(i)), texts.get(i));
        }
    }

    /** The table and the verdicts as Markdown. */
    public String markdown() {
        return StudyMarkdown.of(this);
    }

    /** The contents of {@code summary.json}. */
    public String summaryJson() {
        ObjectNode node = JSON.createObjectNode().put("study", study.name()).put("level", study.level());
        node.set("runs", JSON.valueToTree(runs));
        node.set("answers", JSON.valueToTree(answers));
        try {
            return JSON.writeValueAsString(node) + "\n";
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void write(Path file, String text) {
        try {
            DurableFiles.write(file, text);
        } catch (IOException e) {
            throw new LockstepException(
                    LockstepException.Kind.RECIPE,
                    "cannot write the study's results: " + e,
                    "file = " + file,
                    "make the folder writable or choose another output folder",
                    e);
        }
    }
}
