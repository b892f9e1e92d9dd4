package dev.lockstep.metrics;

import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * A TensorBoard event file in the run folder. Every session of a run writes its own file; a resumed one makes
 * TensorBoard drop the data of earlier files after the checkpoint.
 */
public final class TensorBoardSink implements RunListener {
    /** Rank 0 writes an event file into the run folder. */
    public static final class Factory implements RunListenerFactory {
        @Override
        public Optional<RunListener> open(RunInfo run, Consumer<String> notices) {
            return run.rank() == 0
                    ? Optional.of(TensorBoardSink.open(run.folder(), run.step(), notices))
                    : Optional.empty();
        }
    }

    private final MetricsStream out;
    private final Clock clock;

    private TensorBoardSink(MetricsStream out, Clock clock) {
        this.out = out;
        this.clock = clock;
    }

    /**
     * @param resumeStep the step of the checkpoint that training resumes from; 0 starts anew
     * @param notices receives a line when the file cannot be written, as on a full disk, and one when it can again
     * @throws dev.lockstep.errors.LockstepException of kind RECIPE when the file cannot be written
     */
    public static TensorBoardSink open(Path runFolder, long resumeStep, Consumer<String> notices) {
        return open(runFolder, resumeStep, notices, Clock.systemUTC(), System::nanoTime);
    }

    static TensorBoardSink open(
            Path runFolder, long resumeStep, Consumer<String> notices, Clock clock, LongSupplier nanoTime) {
        Instant now = clock.instant();
        // TensorBoard reads the files of a folder in order of their names.
        String name = String.format(
                Locale.ROOT, "events.out.tfevents.%010d.%09d.lockstep", now.getEpochSecond(), now.getNano());
        TensorBoardSink sink = new TensorBoardSink(
                MetricsStream.open(runFolder.resolve(name), nanoTime, notices, StandardOpenOption.CREATE_NEW), clock);
        sink.out.write(EventRecord.fileVersion(sink.wallTime()));
        sink.out.write(EventRecord.sessionStart(sink.wallTime(), resumeStep + 1));
        sink.out.flush();
        return sink;
    }

    @Override
    public void on(Event event) {
        if (event instanceof Event.Step step) {
            onStep(step.metrics());
        } else if (event instanceof Event.Epoch epoch) {
            onEpoch(epoch.metrics());
        }
    }

    private void onStep(StepMetrics step) {
        Map<String, Double> scalars = new LinkedHashMap<>();
        scalars.put("train/loss", step.loss());
        scalars.put("train/top1_error", step.top1Error());
        scalars.put("train/learning_rate", step.learningRate());
        scalars.put("train/images_per_second", step.imagesPerSecond());
        scalars.put("train/noise_scale", step.noiseScale());
        scalars.put("time/step_seconds", step.stepSeconds());
        scalars.put("time/data_wait_seconds", step.dataWaitSeconds());
        scalars.put("time/exposed_communication_seconds", step.exposedCommunicationSeconds());
        write(step.step(), scalars);
    }

    private void onEpoch(EpochMetrics epoch) {
        Map<String, Double> scalars = new LinkedHashMap<>();
        scalars.put("epoch/train_loss", epoch.trainLoss());
        scalars.put("epoch/train_top1_error", epoch.trainTop1Error());
        scalars.put("validation/top1_error", epoch.validationTop1Error());
        scalars.put("validation/top5_error", epoch.validationTop5Error());
        scalars.put("validation/loss", epoch.validationLoss());
        scalars.put("time/epoch_seconds", epoch.seconds());
        write(epoch.step(), scalars);
        out.flush();
    }

    private void write(long step, Map<String, Double> scalars) {
        scalars.values().removeIf(value -> !Double.isFinite(value));
        out.write(EventRecord.scalars(wallTime(), step, scalars));
    }

    private double wallTime() {
        return clock.millis() / 1e3;
    }

    @Override
    public void flush() {
        out.flush();
    }

    @Override
    public void close() {
        out.close();
    }
}
