package dev.lockstep.study;

import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.metrics.RunResult;
import java.util.List;
import java.util.Objects;

/**
 * What a study keeps of one run: nothing that depends on the machine's speed, so that an interrupted study ends with the
 * same file as an uninterrupted one. Errors are fractions in [0, 1].
 *
 * @param variant of the study
 * @param seed of the run
 * @param recipeSha256 of the resolved recipe, see {@link StudyRun#recipeSha256}
 * @param datasetFingerprint of the data that it trained on
 * @param reusedFrom the study that trained it; empty when its own did
 * @param minibatch kn
 * @param learningRate η̂
 * @param status a diverged run has no weights to classify with: its error counts as 1
 * @param error median validation error of the last five epochs (section 5.1)
 * @param trainingErrors one an epoch
 * @param validationErrors one an epoch
 */
public record RunSummary(
        String variant,
        long seed,
        String recipeSha256,
        String datasetFingerprint,
        String reusedFrom,
        int minibatch,
        double learningRate,
        RunResult.Status status,
        String weightsSha256,
        double error,
        List<Double> trainingErrors,
        List<Double> validationErrors) {

    /** Summaries of earlier versions do not say on what data. */
    public RunSummary {
        Objects.requireNonNull(variant, "variant");
        Objects.requireNonNull(recipeSha256, "recipe_sha256");
        Objects.requireNonNull(status, "status");
        Objects.requireNonNull(weightsSha256, "weights_sha256");
        if (trainingErrors.size() != validationErrors.size()) {
            throw new IllegalArgumentException("training_errors = " + trainingErrors.size() + ", validation_errors = "
                    + validationErrors.size() + ": must be as many");
        }
        datasetFingerprint = Objects.requireNonNullElse(datasetFingerprint, "");
        reusedFrom = Objects.requireNonNullElse(reusedFrom, "");
        trainingErrors = List.copyOf(trainingErrors);
        validationErrors = List.copyOf(validationErrors);
    }

    static RunSummary of(StudyRun run, RunResult result, MetricsFile metrics) {
        boolean diverged = result.status() == RunResult.Status.DIVERGED;
        return new RunSummary(
                run.variant().name(),
                run.seed(),
                run.recipeSha256(),
                result.datasetFingerprint(),
                "",
                run.recipe().minibatch(),
                run.recipe().scaledLearningRate(),
                result.status(),
                result.weightsSha256(),
                diverged ? 1 : result.medianLast5ValidationTop1Error(),
                metrics.epochs().stream().map(EpochMetrics::trainTop1Error).toList(),
                metrics.epochs().stream().map(EpochMetrics::validationTop1Error).toList());
    }

    /** The same result as that of another study's run, whose recipe is this one's. */
    RunSummary as(StudyRun run, String otherStudy) {
        return new RunSummary(
                run.variant().name(),
                run.seed(),
                recipeSha256,
                datasetFingerprint,
                reusedFrom.isEmpty() ? otherStudy : reusedFrom,
                minibatch,
                learningRate,
                status,
                weightsSha256,
                error,
                trainingErrors,
                validationErrors);
    }

    /** What a person calls it. */
    String title() {
        return variant + " seed " + seed;
    }

    boolean hasDiverged() {
        return status == RunResult.Status.DIVERGED;
    }
}
