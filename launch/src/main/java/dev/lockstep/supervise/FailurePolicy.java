package dev.lockstep.supervise;

/**
 * What a process does when another one of its group fails, or when its supervisor is gone. Lockstep itself ends no JVM: it
 * frees the calls that wait, closes what belongs to the group, and leaves the rest to the policy.
 */
@FunctionalInterface
public interface FailurePolicy {
    /** Does nothing: the calls on the group, those that wait now and all later ones, throw what happened. */
    FailurePolicy THROW = failure -> {};

    /**
     * Hears of the failure, once per group, on a thread of the group; also while the group still comes together. The calls
     * that wait throw when this method has returned, so it must return soon or end the process. It may close the group.
     */
    void onFailure(GroupFailure failure);

    /**
     * Whether {@link #onFailure} ends the process at once, whatever its other threads do. {@code --collective native} needs
     * such a policy, because after a failure c10d's threads may wait in native code forever.
     */
    default boolean endsProcess() {
        return false;
    }
}
