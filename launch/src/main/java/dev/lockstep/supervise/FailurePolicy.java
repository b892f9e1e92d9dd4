package dev.lockstep.supervise;

/**
 * What a process does when another process of its group fails, or when its supervisor is lost. Lockstep itself ends no
 * JVM: it releases waiting calls, closes the group's resources, and leaves the rest to the policy.
 */
@FunctionalInterface
public interface FailurePolicy {
    /** Does nothing: all calls on the group, waiting and later ones, throw the failure. */
    FailurePolicy THROW = failure -> {};

    /**
     * Called with the failure, once per group, on a thread of the group; also while the group is still forming. The calls
     * that wait throw after this method has returned, so it must return soon or end the process. It may close the group.
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
