package dev.lockstep.collective;

/**
 * Word from whoever watches the processes. A process that loses a connection waits for it a moment, because the process
 * that closed the connection is often a victim too, and only the watcher knows the culprit.
 */
interface FailureNotice {
    /** Nobody watches. */
    FailureNotice NONE = () -> {};

    /** Returns after a few seconds at the latest; does not return when the word comes, which ends the process. */
    void awaitVerdict();
}
