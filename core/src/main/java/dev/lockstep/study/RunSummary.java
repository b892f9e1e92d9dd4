package dev.lockstep.study;

import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.MetricsFile;
import dev.lockstep.metrics.RunResult;
import java.util.List;
import java.util.Objects;

/**
 * A study's record of one run. It holds nothing that depends on the machine's speed, so an interrupted study produces
 * the same file as an uninterrupted one. Errors are fractions in [0, 1].
 *
 * @param variant the variant's name
 * @param seed the run's seed
 * @param recipeSha256 the hash of the resolved recipe, see {@link StudyRun#recipeSha256}
 * @param datasetFingerprint the fingerprint of the data that the run trained on
 * @param reusedFrom the study that trained the run; empty when this study did
 * @param minibatch the minibatch size kn
 * @param learningRate the scaled learning rate η̂
 * @param status whether the run completed or diverged; a diverged run has no usable weights, and its error counts as 1
 * @param weightsSha256 the hash of the final weights
 * @param error the median validation error of the last five epochs (paper, section 5.1)
 * @param trainingErrors one value per epoch
 * @param validationErrors one value per epoch
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

    /** Accepts summaries without the optional dataset fingerprint and origin. */
    public RunSummary {
        Objects.requireNonNull(variant, "variant");
        Objects.requireNonNull(recipeSha256, "recipe_sha256");
        Objects.requireNonNull(status, "status");
        Objects.requireNonNull(weightsSha256, "weights_sha256");
        if (trainingErrors.size() != validationErrors.size()) {
            throw new IllegalArgumentException("training_errors = " + trainingErrors.size() + ", validation_errors = "
                    + validationErrors.size() + ": must have the same length");
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

    /** This result, attributed to a run of the current study that has the same recipe. */
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

    /** A short name for messages. */
    String title() {
        return variant + " seed " + seed;
    }

    boolean hasDiverged() {
        return status == RunResult.Status.DIVERGED;
    }
}
