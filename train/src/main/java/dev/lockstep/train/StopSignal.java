package dev.lockstep.train;

/** Asks a run to finish its step, save a checkpoint and stop; any thread may call it. */
public final class StopSignal {
    private volatile boolean requested;

    public void request() {
        requested = true;
    }

    public boolean isRequested() {
        return requested;
    }
}
