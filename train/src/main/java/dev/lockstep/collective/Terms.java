package dev.lockstep.collective;

import dev.lockstep.supervise.FailurePolicy;
import dev.lockstep.supervise.GroupSecret;

/**
 * On which terms a process joins a group.
 *
 * @param secret what all processes of the group can prove
 * @param policy is called when another process fails
 */
record Terms(GroupSecret secret, GroupOptions options, FailurePolicy policy) {}
