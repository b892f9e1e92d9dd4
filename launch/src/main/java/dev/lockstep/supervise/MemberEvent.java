package dev.lockstep.supervise;

/**
 * Something that happened to a process of a group.
 *
 * @param rank of the process; {@link GroupFailure#NO_RANK} for events of the whole group
 * @param host the machine on which it runs
 * @param detail the message of a failed process, or another cause; empty if {@code what} is sufficient
 */
public record MemberEvent(What what, int rank, String host, String detail) {
    /** What happened. */
    public enum What {
        /** The process proved the group's secret and is watched from now on. */
        JOINED,
        /** All processes have joined. */
        COMPLETE,
        /** The process wants to leave its elastic group. */
        LEAVING,
        /** The process stands between two steps and waits for the next group. */
        READY,
        /** The keeper of the group asks all processes to save and stop. */
        STOPPING,
        /** The process deregistered and ends normally. */
        LEFT,
        /** The connection of the process ended although it had not deregistered. */
        LOST,
        /** The process sent no heartbeat for the whole timeout. */
        SILENT,
        /** The process reported that it cannot continue, or the whole group failed. */
        FAILED
    }
}
