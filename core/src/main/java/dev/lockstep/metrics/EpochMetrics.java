package dev.lockstep.metrics;

/**
 * One pass over the training set and the evaluation after it. Errors are fractions in [0, 1].
 *
 * @param epoch counted from 0
 * @param step iterations done since the start of training
 * @param trainLoss mean over the epoch's steps, with the network as it was in each step
 * @param trainTop1Error likewise
 * @param validationTop1Error fraction of all validation images
 * @param validationTop5Error likewise; NaN if there are at most 5 classes
 * @param validationLoss mean cross-entropy over all validation images
 * @param seconds wall time of the epoch including the evaluation
 */
public record EpochMetrics(
        int epoch,
        long step,
        double trainLoss,
        double trainTop1Error,
        double validationTop1Error,
        double validationTop5Error,
        double validationLoss,
        double seconds) {}
