package dev.lockstep.collective;

import dev.lockstep.supervise.GroupFailure;
import dev.lockstep.supervise.NextGroup;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * The group's view of the supervisor that watches its processes. A process that loses a connection asks for a verdict
 * first, because the process that closed the connection is often a victim too, and only the supervisor knows the culprit.
 */
interface Watch extends AutoCloseable {
    /**
     * Completes with the failure that ended the group, after the failure policy has returned; empty when this process
     * is no longer watched.
     */
    CompletableFuture<Optional<GroupFailure>> outcome();

    /** The failure that ended the group; returns after a few seconds at the latest, empty when none is reported. */
    Optional<GroupFailure> awaitVerdict();

    /** After the outcome: this process's place in the group that follows; empty when there is none. */
    Optional<NextGroup> next();

    /** Whether the group is to change, or has ended. */
    boolean isChangeDue();

    /** Tells the keeper of an elastic group that this process stands between two steps; {@link #outcome} follows. */
    void ready();

    /** Asks the keeper of an elastic group to let this process leave. */
    void leave();

    /** The run has its files in this generation of an elastic group; see {@link Collective#begun}. */
    void begun();

    /** Reports to the others why this process cannot continue, in one line. */
    void failed(String words);

    /** Deregisters this process, which then ends normally. */
    void end();

    /** Closes the connection without deregistering: the others are notified that this process is lost. */
    @Override
    void close();
}
