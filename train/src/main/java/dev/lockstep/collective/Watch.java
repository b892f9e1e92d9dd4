package dev.lockstep.collective;

import dev.lockstep.supervise.GroupFailure;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Whoever watches the processes of a group, as the group needs it. A process that loses a connection asks for a verdict
 * first, because the process that closed the connection is often a victim too, and only the watcher knows the culprit.
 */
interface Watch extends AutoCloseable {
    /**
     * Completes with the failure that ended the group, after the failure policy has returned; with nothing when this process
     * is watched no more.
     */
    CompletableFuture<Optional<GroupFailure>> outcome();

    /** The failure that ended the group; returns after a few seconds at the latest, empty when none is reported. */
    Optional<GroupFailure> awaitVerdict();

    /** This process cannot continue: tells the others why, in one line. */
    void failed(String words);

    /** This process deregisters: it ends in good order. */
    void end();

    /** Closes the connection without deregistering: the others learn that this process is lost. */
    @Override
    void close();
}
