package dev.lockstep.report;

import dev.lockstep.metrics.RunResult;
import java.nio.file.Path;
import java.time.Instant;

/**
 * One line about a run. Numbers that are unknown are NaN.
 *
 * @param state see {@link RunView.State}
 * @param totalSteps 0 if unknown
 * @param validationTop1Error of the last epoch, a fraction
 * @param medianLast5ValidationTop1Error likewise
 * @param seconds of training so far, with evaluations
 * @param weightsSha256 empty before the end
 * @param updated when it last wrote, ISO 8601
 */
public record RunGlance(
        String name,
        String folder,
        String state,
        String recipe,
        int minibatch,
        int workers,
        int imagesPerWorker,
        double learningRate,
        long step,
        long totalSteps,
        int epochs,
        double loss,
        double validationTop1Error,
        double medianLast5ValidationTop1Error,
        double imagesPerSecond,
        double seconds,
        int processes,
        String weightsSha256,
        String updated) {

    /** Reads a run's folder. */
    public static RunGlance of(Path folder, String name, Instant now) {
        return of(RunView.open(folder, name), now);
    }

    /** Of a run that is read already. */
    public static RunGlance of(RunView run, Instant now) {
        int count = run.epochs().size();
        return new RunGlance(
                run.name(),
                run.folder().toString(),
                run.state(now).text(),
                run.recipe().name(),
                run.recipe().minibatch(),
                run.recipe().workers(),
                run.recipe().imagesPerWorker(),
                run.recipe().scaledLearningRate(),
                run.step(),
                run.totalSteps(),
                count,
                run.last().map(step -> step.loss()).orElse(Double.NaN),
                count == 0 ? Double.NaN : run.epochs().get(count - 1).validationTop1Error(),
                run.medianOfLastFive(),
                run.result().map(RunResult::imagesPerSecond).orElse(run.imagesPerSecond()),
                run.seconds(),
                run.processes(),
                run.result().map(RunResult::weightsSha256).orElse(""),
                run.lastSign() == 0 ? "" : Instant.ofEpochMilli(run.lastSign()).toString());
    }

    /** The part done, in [0, 1]; NaN if unknown. */
    double done() {
        return totalSteps == 0 ? Double.NaN : Math.min(1, (double) step / totalSteps);
    }
}
