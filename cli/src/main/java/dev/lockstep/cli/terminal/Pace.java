package dev.lockstep.cli.terminal;

import dev.lockstep.metrics.EpochMetrics;
import dev.lockstep.metrics.StepMetrics;

/** The speed of a run and its remaining time. Recent steps count most; evaluations are counted separately. */
final class Pace {
    private static final long MEMORY_STEPS = 50;

    private final int epochs;
    private final long iterationsPerEpoch;
    private long step;
    private int epochsDone;
    private long count;
    private double stepSeconds = Double.NaN;
    private double imagesPerSecond = Double.NaN;
    private double epochStepSeconds;
    private double evaluationSeconds;

    /** @param iterationsPerEpoch at least 1 */
    Pace(int epochs, long iterationsPerEpoch) {
        this.epochs = epochs;
        this.iterationsPerEpoch = iterationsPerEpoch;
    }

    /** @param done iterations of the checkpoint that the run resumes from, or 0 */
    void onStart(long done) {
        step = done;
        epochsDone = (int) (done / iterationsPerEpoch);
    }

    void onStep(StepMetrics metrics) {
        step = metrics.step();
        epochsDone = metrics.epoch();
        epochStepSeconds += metrics.stepSeconds();
        stepSeconds = smooth(stepSeconds, metrics.stepSeconds(), ++count);
        double minibatch = metrics.imagesPerSecond() * metrics.stepSeconds();
        imagesPerSecond = minibatch / stepSeconds;
    }

    void onEpoch(EpochMetrics metrics) {
        epochsDone = metrics.epoch() + 1;
        evaluationSeconds = Math.max(0, metrics.seconds() - epochStepSeconds);
        epochStepSeconds = 0;
    }

    /** The first step includes setup and is not representative. */
    private static double smooth(double average, double value, long count) {
        return count <= 2 ? value : average + (value - average) / (double) Math.min(count - 1, MEMORY_STEPS);
    }

    int epochs() {
        return epochs;
    }

    long step() {
        return step;
    }

    long totalSteps() {
        return epochs * iterationsPerEpoch;
    }

    /** The epoch that is being trained, counted from 1. */
    int epochNumber() {
        return Math.min(epochs, epochsDone + 1);
    }

    /** The completed fraction of the current epoch, in [0, 1]. */
    double epochFraction() {
        double fraction = (double) (step - epochsDone * iterationsPerEpoch) / iterationsPerEpoch;
        return Math.min(1, Math.max(0, fraction));
    }

    /** Whether the last step of an epoch is done and the epoch is not. */
    boolean isEvaluating() {
        return step > 0 && step == (epochsDone + 1) * iterationsPerEpoch;
    }

    /** Smoothed; NaN before the first step. */
    double imagesPerSecond() {
        return imagesPerSecond;
    }

    /** NaN before the first step. */
    double secondsLeft() {
        long steps = Math.max(0, totalSteps() - step);
        return steps * stepSeconds + (epochs - epochsDone) * evaluationSeconds;
    }
}
