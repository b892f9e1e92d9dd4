package dev.lockstep.spark;

import dev.lockstep.metrics.StepMetrics;
import dev.lockstep.text.Json;
import java.io.Serializable;
import java.util.Locale;
import java.util.Optional;

/**
 * How far a run is, as the driver hears of it: the value of the accumulator {@value LockstepSpark#PROGRESS}.
 *
 * @param step iterations done; 0 before the first
 * @param totalSteps iterations of the whole recipe
 * @param epoch counted from 0
 * @param learningRate η̂ of this iteration
 * @param loss mean cross-entropy over the minibatch
 * @param top1Error fraction of the minibatch classified wrongly, in [0, 1]
 * @param imagesPerSecond of this step, over all processes
 */
public record Progress(
        long step,
        long totalSteps,
        int epoch,
        double learningRate,
        double loss,
        double top1Error,
        double imagesPerSecond)
        implements Serializable {
    static final Progress NONE = new Progress(0, 0, 0, Double.NaN, Double.NaN, Double.NaN, Double.NaN);

    /** Starts a line that a child process writes for the task that started it. */
    private static final String MARK = "lockstep-progress ";

    static Progress of(StepMetrics step, long totalSteps) {
        return new Progress(
                step.step(),
                totalSteps,
                step.epoch(),
                step.learningRate(),
                step.loss(),
                step.top1Error(),
                step.imagesPerSecond());
    }

    String toLine() {
        return MARK + Json.line(this);
    }

    /** Empty when the line is another output of the process. */
    static Optional<Progress> fromLine(String line) {
        return line.startsWith(MARK)
                ? Optional.of(JsonText.read(line.substring(MARK.length()), Progress.class))
                : Optional.empty();
    }

    @Override
    public String toString() {
        return step == 0
                ? "no step yet"
                : String.format(
                        Locale.ROOT,
                        "step %,d of %,d, loss %.4f, training error %.1f %%, learning rate %.4g, %,.0f images/s",
                        step,
                        totalSteps,
                        loss,
                        100 * top1Error,
                        learningRate,
                        imagesPerSecond);
    }
}
