package dev.lockstep.metrics;

import java.nio.file.Path;
import java.util.List;

/**
 * An event of a run. Every listener of a process gets the same events in the same order, in the thread that runs the
 * training: {@link Started}, {@link Resumed} if a checkpoint was restored, then the events of the run, and at the end
 * {@link Finished} or {@link Failed}. A run that fails before it starts has no {@code Started}, only notices and
 * {@code Failed}.
 */
public sealed interface Event {
    /** The run is set up, its checkpoint restored and its folder ready; training begins. */
    record Started(RunInfo run) implements Event {}

    /**
     * The run continues from a checkpoint. Follows {@link Started} and precedes the first step.
     *
     * @param step iterations done at the checkpoint
     * @param finished whether no work is left
     */
    record Resumed(long step, boolean finished) implements Event {}

    /** An SGD iteration is done. */
    record Step(StepMetrics metrics) implements Event {}

    /** An epoch and the evaluation after it are done. */
    record Epoch(EpochMetrics metrics) implements Event {}

    /** A bad image was found for the first time and replaced. Precedes the step or the epoch in which that happened. */
    record ImageReplaced(BadImage image) implements Event {}

    /**
     * A checkpoint is on disk and survives any crash. Only rank 0 writes checkpoints, so only its listeners receive
     * this event.
     *
     * @param step iterations done
     */
    record CheckpointSaved(long step, Path file) implements Event {}

    /**
     * A checkpoint could not be written; training continues, and older checkpoints stay. Comes with a notice for people.
     *
     * @param step iterations done
     */
    record CheckpointFailed(long step, String reason) implements Event {}

    /** Where the time of the last few steps went, on every process. */
    record Workers(WorkerTimes times) implements Event {}

    /**
     * What this process did in a step, and when.
     *
     * @param step iterations done
     * @param spans in no order
     */
    record Timeline(long step, List<Span> spans) implements Event {
        public Timeline {
            spans = List.copyOf(spans);
        }
    }

    /**
     * A part of a {@link Timeline}.
     *
     * @param track what was busy, such as {@code lane 0}
     * @param start by {@link System#nanoTime}
     * @param end likewise
     */
    record Span(String track, String name, long start, long end) {}

    /**
     * An elastic run continues with other processes. Comes with a notice for people.
     *
     * @param step iterations done
     * @param before how many processes there were
     * @param processes how many there are now
     * @param reason which process was lost, or joined
     */
    record Regrouped(long step, int before, int processes, String reason) implements Event {}

    /** A line for the person who watches the run, such as a warning. */
    record Notice(String text) implements Event {}

    /** All processes were compared and have the same state. Runs of a single process have no audits. */
    record Audit(long step) implements Event {}

    /**
     * Something happened to a process of the group.
     *
     * @param rank of that process
     * @param host the machine on which it runs
     * @param what what happened, such as {@code joined}
     */
    record Membership(int rank, String host, String what) implements Event {}

    /**
     * The run ended normally: all its epochs are done, or it was asked to stop and has saved its state. On rank 0 {@code
     * result.json} is written by now.
     *
     * @param noiseScale B_simple of the whole run, the gradient noise scale in images; NaN if unknown
     */
    record Finished(RunResult result, double noiseScale) implements Event {}

    /**
     * The run ended with an error, which is also thrown to the caller. If training diverged, {@code
     * result.json} is written by now.
     */
    record Failed(Throwable cause) implements Event {}
}
