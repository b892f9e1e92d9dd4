package dev.lockstep.cli;

import dev.lockstep.report.RunResult;
import dev.lockstep.train.StopSignal;
import org.jspecify.annotations.Nullable;

/** SIGINT, SIGTERM and SIGHUP as requests to save and stop, from {@link #handle} on; the second one that counts ends the process at once. */
final class Signals implements AutoCloseable {
    private static final int TERMINATED = 143;

    private final StopSignal stop = new StopSignal();
    private @Nullable StopRequests requests;

    void handle() {
        requests = new StopRequests(StopRequests.once("finishing this step and saving a checkpoint", stop::request));
    }

    StopSignal stop() {
        return stop;
    }

    /**
     * 128 plus the signal's number when a signal cut the run short, be it one to another process of the group; else 0.
     *
     * @param stopAfter the step at which the run was to stop anyway; negative: none
     */
    int exitCode(RunResult result, long stopAfter) {
        if (result.status() != RunResult.Status.INTERRUPTED) {
            return 0;
        }
        if (requests != null && requests.received() != 0) {
            return requests.exitCode();
        }
        boolean asked = stopAfter >= 0 && result.steps() >= stopAfter;
        return asked ? 0 : TERMINATED;
    }

    @Override
    public void close() {
        if (requests != null) {
            requests.close();
        }
    }
}
