package dev.lockstep.report;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.metrics.Event;
import dev.lockstep.metrics.RunInfo;
import dev.lockstep.metrics.RunListener;
import dev.lockstep.metrics.RunListenerFactory;
import java.util.Optional;
import java.util.function.Consumer;

/** Writes {@code report.html} at the end of a run. One that diverged gets its page, too: the curves show where. */
public final class ReportListener implements RunListener {
    /** Found on the class path; rank 0 writes the page. */
    public static final class Factory implements RunListenerFactory {
        @Override
        public Optional<RunListener> open(RunInfo run, Consumer<String> notices) {
            return run.rank() == 0 ? Optional.of(new ReportListener(run)) : Optional.empty();
        }
    }

    private final RunInfo run;

    private ReportListener(RunInfo run) {
        this.run = run;
    }

    @Override
    public void on(Event event) {
        if (event instanceof Event.Finished
                || event instanceof Event.Failed failed
                        && failed.cause() instanceof LockstepException known
                        && known.kind() == LockstepException.Kind.DIVERGED) {
            RunReport.write(run.folder(), run.arguments(), run.iterationsPerEpoch());
        }
    }
}
