package dev.lockstep.collective;

import dev.lockstep.errors.Printable;
import dev.lockstep.supervise.GroupSecret;
import dev.lockstep.supervise.PeerMonitor;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;

/**
 * On which terms a process joins a group.
 *
 * @param secret what all processes of the group can prove
 * @param peerTimeout how long a process may give no sign of life
 * @param joinTimeout how long to wait for processes that have not come, or that do not connect to each other
 * @param callTimeout how long one message may take
 * @param notices gets lines that a person should see while nothing has failed
 * @param ending what ends this process when another one fails
 */
record Terms(
        GroupSecret secret,
        Duration peerTimeout,
        Duration joinTimeout,
        Duration callTimeout,
        Consumer<String> notices,
        PeerMonitor.Ending ending) {
    private static final int LONGEST_NOTICE = 1000;
    private static final Duration JOIN_TIMEOUT = Duration.ofMinutes(5);

    /**
     * Long, because a process may wait for one that does something else, such as fetching data; dead and stopped processes
     * are the watch's concern.
     */
    private static final Duration CALL_TIMEOUT = Duration.ofMinutes(30);

    /** The usual ones: notices go to standard error, and the process halts with exit code 4 when another one fails. */
    static Terms of(Duration peerTimeout, Map<String, String> environment) {
        return new Terms(
                GroupSecret.from(environment),
                peerTimeout,
                JOIN_TIMEOUT,
                CALL_TIMEOUT,
                line -> System.err.println("notice: " + Printable.of(line, LONGEST_NOTICE)),
                PeerMonitor.HALT);
    }
}
