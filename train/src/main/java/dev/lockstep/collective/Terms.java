package dev.lockstep.collective;

import dev.lockstep.supervise.FailurePolicy;
import dev.lockstep.supervise.GroupSecret;
import dev.lockstep.supervise.Succession;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The settings with which a process joins a group.
 *
 * @param secret the secret that all processes of the group can prove
 * @param policy called when another process fails
 * @param succession for an elastic group without a launcher
 */
record Terms(
        GroupSecret secret,
        GroupOptions options,
        FailurePolicy policy,
        @Nullable Succession succession) {
    Terms(GroupSecret secret, GroupOptions options, FailurePolicy policy) {
        this(secret, options, policy, null);
    }

    Terms with(Succession heirs) {
        return new Terms(secret, options, policy, heirs);
    }

    Terms withJoinTimeoutAtMost(Duration most) {
        boolean longer = options.joinTimeout().compareTo(most) > 0;
        return longer ? new Terms(secret, options.withJoinTimeout(most), policy, succession) : this;
    }
}
