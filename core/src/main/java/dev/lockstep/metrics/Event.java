package dev.lockstep.metrics;

import java.nio.file.Path;

/**
 * What happens in a run. Every listener of a process gets the same events in the same order, in the thread that runs the
 * training: {@link Started}, {@link Resumed} where a checkpoint was restored, then whatever happens, and as the last one
 * {@link Finished} or {@link Failed}. A run that fails before it starts has no {@code Started}, only notices and {@code Failed}.
 */
public sealed interface Event {
    /** The run is set up, its checkpoint restored and its folder ready; training begins. */
    record Started(RunInfo run) implements Event {}

    /**
     * The run continues from a checkpoint. Follows {@link Started} and precedes the first step.
     *
     * @param step iterations that the checkpoint has done
     * @param finished whether nothing is left to do
     */
    record Resumed(long step, boolean finished) implements Event {}

    /** An SGD iteration is done. */
    record Step(StepMetrics metrics) implements Event {}

    /** An epoch and the evaluation after it are done. */
    record Epoch(EpochMetrics metrics) implements Event {}

    /** A bad image was met for the first time and replaced. Precedes the step or the epoch in which that happened. */
    record ImageReplaced(BadImage image) implements Event {}

    /**
     * A checkpoint is on disk, and no crash can take it back. Only rank 0 writes checkpoints, so only its listeners hear of them.
     *
     * @param step iterations that it has done
     */
    record CheckpointSaved(long step, Path file) implements Event {}

    /** A line for the person who watches the run, such as a warning. */
    record Notice(String text) implements Event {}

    /** All processes were compared and have the same state. Runs of a single process have no audits. */
    record Audit(long step) implements Event {}

    /**
     * Something happened to a process of the group.
     *
     * @param rank of that process
     * @param host where it runs
     * @param what in words, such as {@code joined}
     */
    record Membership(int rank, String host, String what) implements Event {}

    /**
     * The run ended as it should: all its epochs are done, or it was asked to stop and has saved its state. On rank 0 {@code
     * result.json} is written by now.
     *
     * @param noiseScale B_simple of the whole run, the gradient noise scale in images; NaN while it is unknown
     */
    record Finished(RunResult result, double noiseScale) implements Event {}

    /**
     * The run ended with an error, which whoever started it gets as an exception, too. Where training diverged, {@code
     * result.json} is written by now.
     */
    record Failed(Throwable cause) implements Event {}
}
