package dev.lockstep.collective;

/**
 * Whoever watches the processes of a group, as the group needs it. A process that loses a connection asks for a verdict
 * first, because the process that closed the connection is often a victim too, and only the watcher knows the culprit.
 */
interface Watch {
    /** Returns after a few seconds at the latest; does not return when the verdict comes, which ends the process. */
    void awaitVerdict();

    /** This process cannot continue: tells the others why, in one line. */
    void failed(String words);

    /** This process deregisters: it ends in good order. */
    void end();
}
