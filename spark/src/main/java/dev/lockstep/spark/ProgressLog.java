package dev.lockstep.spark;

import org.apache.spark.scheduler.AccumulableInfo;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorMetricsUpdate;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.slf4j.Logger;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Writes the progress of a run to the driver's log. Spark adds the accumulators of a task to the driver's only when the task
 * has ended; until then their values come with the executors' heartbeats. A run that is shorter than a heartbeat has only its
 * last value.
 */
final class ProgressLog extends SparkListener {
    private final long accumulator;
    private final String stage;
    private final Logger log;
    private Progress last = Progress.NONE;

    /**
     * @param accumulator the id of the run's {@link ProgressAccumulator}
     * @param stage the name of the run's stage
     */
    ProgressLog(long accumulator, String stage, Logger log) {
        this.accumulator = accumulator;
        this.stage = stage;
        this.log = log;
    }

    @Override
    public void onStageSubmitted(SparkListenerStageSubmitted submitted) {
        int attempt = submitted.stageInfo().attemptNumber();
        if (attempt > 0 && submitted.stageInfo().name().equals(stage)) {
            last = Progress.NONE;
            log.warn("{}: attempt {} resumes from the newest checkpoint", stage, attempt + 1);
        }
    }

    @Override
    public void onExecutorMetricsUpdate(SparkListenerExecutorMetricsUpdate heartbeat) {
        CollectionConverters.asJava(heartbeat.accumUpdates())
                .forEach(task -> CollectionConverters.asJava(task._4()).forEach(this::hear));
    }

    @Override
    public void onTaskEnd(SparkListenerTaskEnd ended) {
        CollectionConverters.asJava(ended.taskInfo().accumulables()).forEach(this::hear);
    }

    private void hear(AccumulableInfo info) {
        if (info.id() == accumulator
                && info.update().isDefined()
                && info.update().get() instanceof Progress progress
                && progress.step() > last.step()) {
            last = progress;
            log.info("{}: {}", stage, progress);
        }
    }
}
