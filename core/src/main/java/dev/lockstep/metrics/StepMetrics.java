package dev.lockstep.metrics;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * One SGD iteration.
 *
 * @param step iterations done, this one included: the first is 1
 * @param epoch counted from 0
 * @param learningRate η̂ of this iteration
 * @param loss mean cross-entropy over the kn images
 * @param top1Error fraction of the kn images classified wrongly, in [0, 1]
 * @param imagesPerSecond kn over the seconds of this step
 * @param stepSeconds wall time of the step
 * @param dataWaitSeconds time the lanes of this process waited for images, per lane
 * @param exposedCommunicationSeconds time from the end of the last backward pass to the arrival of the last sum
 * @param noiseScale B_simple, the gradient noise scale in images, from running averages; NaN until it is known
 */
public record StepMetrics(
        long step,
        int epoch,
        double learningRate,
        double loss,
        @JsonProperty("train_top1_error") double top1Error,
        double imagesPerSecond,
        double stepSeconds,
        double dataWaitSeconds,
        double exposedCommunicationSeconds,
        double noiseScale) {}
