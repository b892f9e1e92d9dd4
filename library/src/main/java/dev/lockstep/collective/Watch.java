package dev.lockstep.collective;

import dev.lockstep.errors.LockstepException;
import java.time.Duration;

/**
 * Whoever watches the processes of a group, as the group needs it. A process that loses a connection asks for a verdict
 * first, because the process that closed the connection is often a victim too, and only the watcher knows the culprit.
 */
interface Watch {
    /** Where processes leave facts for each other while the group comes together. */
    interface Board {
        void put(String key, String value);

        /** Waits for the value. */
        String get(String key);
    }

    /** Rank 0 tells its port. Called whether or not the others know it. */
    void publishPort(int port);

    /**
     * The port of rank 0, for groups with MASTER_PORT = 0: rank 0 takes a port that is free and only then names it, so that
     * there is no moment in which another program could take it.
     *
     * @throws LockstepException when nobody tells it
     */
    int awaitPort(Duration timeout);

    /** Begins, when all processes can reach the board. */
    void begin(Board board);

    /** Returns after a few seconds at the latest; does not return when the verdict comes, which ends the process. */
    void awaitVerdict();

    /** This process cannot go on: tells the others why, in one line. */
    void failed(String words);

    /** This process leaves in good order. */
    void end();
}
