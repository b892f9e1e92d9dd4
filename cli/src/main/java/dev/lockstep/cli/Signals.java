package dev.lockstep.cli;

import dev.lockstep.launch.StopRequests;
import dev.lockstep.metrics.RunResult;
import dev.lockstep.train.StopSignal;
import org.jspecify.annotations.Nullable;

/**
 * SIGINT, SIGTERM and SIGHUP as requests to save and stop, from {@link #handle} on; the second one that counts ends
 * the process at once.
 */
public final class Signals implements AutoCloseable {
    private static final int TERMINATED = 143;

    private final StopSignal stop = new StopSignal();
    private @Nullable Runnable leave;
    private @Nullable StopRequests requests;

    /** From now on, a signal asks the run to save and stop; before, it ended the process. */
    public void handle() {
        requests = new StopRequests(
                leave == null
                        ? StopRequests.once("finishing this step and saving a checkpoint", stop::request)
                        : StopRequests.once("leaving the group after this step", leave));
    }

    /** A signal asks for leave from an elastic group instead. */
    public void leaveWith(Runnable leave) {
        this.leave = leave;
    }

    public StopSignal stop() {
        return stop;
    }

    /**
     * 128 plus the signal's number when a signal cut the run short, even one to another process of the group; else 0.
     *
     * @param stopAfter the step at which the run was to stop anyway; negative: none
     */
    public int exitCode(RunResult result, long stopAfter) {
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
