package dev.lockstep.spark;

import dev.lockstep.metrics.Event;
import dev.lockstep.metrics.RunInfo;
import dev.lockstep.metrics.RunListener;
import dev.lockstep.metrics.RunListenerFactory;
import java.util.Optional;
import java.util.function.Consumer;

/** In the process of rank 0 of a Spark job: writes each step as a line, for the task that reads its output. */
public final class StepLines implements RunListenerFactory {
    /** Set for processes that a Spark task started. */
    static final String VARIABLE = "LOCKSTEP_SPARK";

    @Override
    public Optional<RunListener> open(RunInfo run, Consumer<String> notices) {
        return run.rank() == 0 && System.getenv().containsKey(VARIABLE)
                ? Optional.of(event -> write(event, run.totalSteps()))
                : Optional.empty();
    }

    private static void write(Event event, long totalSteps) {
        if (event instanceof Event.Step step) {
            System.out.println(Progress.of(step.metrics(), totalSteps).toLine());
        }
    }
}
