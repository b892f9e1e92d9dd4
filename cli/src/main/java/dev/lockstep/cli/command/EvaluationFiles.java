package dev.lockstep.cli.command;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.files.DurableFiles;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.image.inspect.CaptionedSheet;
import dev.lockstep.image.inspect.CaptionedSheet.Captioned;
import dev.lockstep.metrics.Csv;
import dev.lockstep.text.Json;
import dev.lockstep.train.Answer;
import dev.lockstep.train.AnswerSheet;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The files of {@code eval --out}. */
final class EvaluationFiles {
    private static final String JSON = "evaluation.json";
    private static final String CLASSES = "classes.csv";
    private static final String CONFUSION = "confusion.csv";
    private static final String IMAGES = "images.csv";
    private static final String SHEET = "mistakes.png";

    /** How those begin that this command wrote. */
    private static final Map<String, String> STARTS = Map.of(
            JSON, "{\n  \"model\" : ",
            CLASSES, "class,images,wrong,error,predicted,precision\n",
            CONFUSION, "class \\ predicted,",
            IMAGES, "index,file,class,predicted,right,probability,class_probability\n");

    private EvaluationFiles() {}

    /** @throws LockstepException of kind RECIPE when a file of the user would be overwritten */
    static void requireReplaceable(Path folder) {
        STARTS.forEach((name, begin) ->
                OutputFile.requireReplaceable("--out", folder.resolve(name), start -> start.startsWith(begin)));
        SheetFile.requireReplaceable("--out", folder.resolve(SHEET));
    }

    static void write(Path folder, Evaluation evaluation, OpenDataset data, AnswerSheet answers) {
        try {
            DurableFiles.createFolders(folder);
            DurableFiles.write(folder.resolve(JSON), Json.pretty(evaluation) + "\n");
            DurableFiles.write(folder.resolve(CLASSES), classes(answers));
            DurableFiles.write(folder.resolve(CONFUSION), confusion(answers));
            DurableFiles.write(folder.resolve(IMAGES), images(data.validation(), answers));
            SheetFile.write(
                    folder.resolve(SHEET),
                    sheet(data, answers, evaluation.worst().size()));
        } catch (IOException e) {
            throw LockstepException.recipe(
                    "cannot write the files: " + e, "--out = " + folder, "choose another folder");
        }
    }

    private static String classes(AnswerSheet answers) {
        Csv csv = new Csv("class", "images", "wrong", "error", "predicted", "precision");
        for (AnswerSheet.ClassResult result : answers.classes()) {
            csv.row(
                    result.name(),
                    result.images(),
                    result.wrong(),
                    result.error(),
                    result.predicted(),
                    result.precision());
        }
        return csv.toString();
    }

    private static String confusion(AnswerSheet answers) {
        List<Object> header = new ArrayList<>(List.of("class \\ predicted"));
        header.addAll(answers.classNames());
        Csv csv = new Csv(header.toArray());
        int[][] counts = answers.confusionMatrix();
        for (int label = 0; label < counts.length; label++) {
            List<Object> row = new ArrayList<>(List.of(answers.classNames().get(label)));
            for (int count : counts[label]) {
                row.add(count);
            }
            csv.row(row.toArray());
        }
        return csv.toString();
    }

    private static String images(Dataset set, AnswerSheet answers) {
        Csv csv = new Csv("index", "file", "class", "predicted", "right", "probability", "class_probability");
        for (Answer answer : answers.answers()) {
            csv.row(
                    answer.index(),
                    set.name(answer.index()),
                    answers.classNames().get(answer.label()),
                    answers.classNames().get(answer.predicted()),
                    answer.isRight(),
                    answer.probability(),
                    answer.labelProbability());
        }
        return csv.toString();
    }

    private static byte[] sheet(OpenDataset data, AnswerSheet answers, int most) {
        List<Captioned> images = answers.worst(most).stream()
                .map(answer -> new Captioned(
                        answer.index(),
                        List.of(
                                "is " + answers.classNames().get(answer.label()),
                                String.format(
                                        Locale.ROOT,
                                        "%.0f%% %s",
                                        100 * answer.probability(),
                                        answers.classNames().get(answer.predicted())))))
                .toList();
        return CaptionedSheet.draw(
                data.validation(), data.evaluationTransform(), data.spec().normalization(), images);
    }
}
