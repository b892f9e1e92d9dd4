package dev.lockstep.collective;

import java.time.Duration;

/**
 * How rank 0 tells the others which port it took, when MASTER_PORT = 0. Taking a port that is free and only then naming it
 * leaves no moment in which another program could take it.
 */
interface PortExchange {
    void publish(int port);

    /** Waits for the port of rank 0; throws a LockstepException of kind WORKER when it does not come in time. */
    int await(Duration timeout);
}
