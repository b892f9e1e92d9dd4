package dev.lockstep.cli.command;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.lockstep.image.Dataset;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.train.AnswerSheet;
import dev.lockstep.train.Classifier;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@code eval} found, as its JSON document has it.
 *
 * @param validationTop5Error null where there are too few classes
 * @param confusion images by class (row) and predicted class (column)
 */
record Evaluation(
        String model,
        String dataset,
        int images,
        double validationTop1Error,
        @Nullable Double validationTop5Error,
        double validationLoss,
        String weightsSha256,
        List<String> badImages,
        List<AnswerSheet.ClassResult> classes,
        int[][] confusion,
        AnswerSheet.Calibration calibration,
        List<Mistake> worst) {

    /**
     * A wrong answer.
     *
     * @param file empty for a dataset without files
     * @param name of the image's class
     */
    record Mistake(
            int index,
            String file,
            @JsonProperty("class") String name,
            String predicted,
            double probability,
            double classProbability) {}

    static Evaluation of(Recipe recipe, String weightsSha256, Dataset set, Classifier.Examination examined, int worst) {
        Classifier.Accuracy accuracy = examined.accuracy();
        AnswerSheet answers = examined.answers();
        return new Evaluation(
                recipe.model().name(),
                recipe.data().dataset(),
                accuracy.images(),
                accuracy.top1Error(),
                Double.isNaN(accuracy.top5Error()) ? null : accuracy.top5Error(),
                accuracy.loss(),
                weightsSha256,
                accuracy.badImages(),
                answers.classes(),
                answers.confusionMatrix(),
                answers.calibration(),
                answers.worst(worst).stream()
                        .map(answer -> new Mistake(
                                answer.index(),
                                set.name(answer.index()),
                                answers.classNames().get(answer.label()),
                                answers.classNames().get(answer.predicted()),
                                answer.probability(),
                                answer.labelProbability()))
                        .toList());
    }
}
