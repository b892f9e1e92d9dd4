package dev.lockstep.collective;

import dev.lockstep.supervise.FailurePolicy;
import dev.lockstep.supervise.GroupSecret;
import java.time.Duration;

/**
 * The settings with which a process joins a group.
 *
 * @param secret the secret that all processes of the group can prove
 * @param policy called when another process fails
 */
record Terms(GroupSecret secret, GroupOptions options, FailurePolicy policy) {
    Terms withJoinTimeoutAtMost(Duration most) {
        boolean longer = options.joinTimeout().compareTo(most) > 0;
        return longer ? new Terms(secret, options.withJoinTimeout(most), policy) : this;
    }
}
