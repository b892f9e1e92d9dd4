package dev.lockstep.study;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.lockstep.errors.InputFile;
import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.text.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * What a study found: its runs in the order of the grid, the table and the answers. The files it writes hold nothing that
 * depends on time or machine.
 *
 * @param rows one a variant, in the order of the study
 */
public record StudyResults(StudyFile study, List<RunSummary> runs, List<Row> rows, List<Answer> answers) {
    /** All a test needs to compute every figure again. */
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
     * A variant's line of the table.
     *
     * @param errors of its finished seeds
     * @param diverged how many of those diverged
     */
    public record Row(StudyFile.Variant variant, int minibatch, double learningRate, Sample errors, int diverged) {}

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

    /** What a {@code summary.json} holds: the study's name and its runs. The rest follows from them. */
    record Summary(String study, List<RunSummary> runs) {}

    private record SummaryFile(String study, double level, List<RunSummary> runs, List<Answer> answers) {}

    /** Results from a {@code summary.json} and the study that it belongs to. */
    public static StudyResults read(StudyFile study, Path summary) {
        return of(study, readSummary(summary).runs());
    }

    /** @throws LockstepException of kind DATA when the file holds no summary of a study */
    static Summary readSummary(Path summary) {
        try {
            return summary(JSON.readTree(InputFile.bytes(summary, MOST_BYTES)));
        } catch (IOException | IllegalArgumentException e) {
            throw LockstepException.data(
                    "no readable summary: " + e, "file = " + summary, "give the folder of a study, or run it again");
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

    /** A variant's mean error less that of its baseline, as a fraction; NaN where it has none. */
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

    /** The table and the verdicts, for docs/results/studies.md. */
    public String markdown() {
        return StudyMarkdown.of(this);
    }

    public String summaryJson() {
        try {
            return JSON.writeValueAsString(new SummaryFile(study.name(), study.level(), runs, answers)) + "\n";
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
