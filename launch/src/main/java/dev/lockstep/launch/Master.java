package dev.lockstep.launch;

/**
 * Where rank 0 listens, for launchers that do not say it: MASTER_ADDR and MASTER_PORT if the user sets them, else an
 * address that follows from the job.
 */
final class Master {
    static final String LOOPBACK = "127.0.0.1";

    private static final int FIRST_PORT = 15_000;
    /** Below the ports that Linux gives to outgoing connections, from 32768. */
    private static final int PORTS = 15_000;

    private Master() {}

    static int port(Variables variables, int derived) {
        return variables.has(GroupEnvironment.MASTER_PORT)
                ? variables.number(GroupEnvironment.MASTER_PORT, 1, GroupEnvironment.LAST_PORT)
                : derived;
    }

    /** A port that all processes of a job derive from a number that they share. */
    static int derivedPort(long job) {
        return FIRST_PORT + Math.toIntExact(Math.floorMod(job, (long) PORTS));
    }
}
