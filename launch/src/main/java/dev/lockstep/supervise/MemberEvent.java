package dev.lockstep.supervise;

/**
 * Something that happened to a process of a group.
 *
 * @param rank of the process; {@link GroupFailure#NO_RANK} for what concerns the whole group
 * @param host the machine on which it runs
 * @param detail the words of a process that failed, or another cause; empty where {@code what} says it all
 */
public record MemberEvent(What what, int rank, String host, String detail) {
    /** What happened. */
    public enum What {
        /** The process proved the group's secret and is watched from now on. */
        JOINED,
        /** All processes have joined. */
        COMPLETE,
        /** The process deregistered: it ends in good order. */
        LEFT,
        /** The connection of the process ended although it had not deregistered. */
        LOST,
        /** The process sent no heartbeat for the whole timeout. */
        SILENT,
        /** The process said that it cannot continue, or a failure that concerns the whole group. */
        FAILED
    }
}
