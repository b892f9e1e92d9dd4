package dev.lockstep.torch;

import dev.lockstep.errors.LockstepException;
import java.util.List;
import java.util.Optional;

/**
 * Opens devices of one kind. Providers are found on the class path: a JAR that brings one names it in
 * {@code META-INF/services/dev.lockstep.torch.DeviceProvider}.
 */
public interface DeviceProvider {
    /** The kind, as in {@code --device}, such as {@code cuda}. */
    String kind();

    /**
     * What a device of this kind would need and does not find in this process; empty if nothing is known to be missing. Loads
     * no library.
     *
     * @param name as in {@code --device}, for the message
     */
    Optional<LockstepException> missing(String name);

    /**
     * Opens a device.
     *
     * @param index its number on this machine; negative: the one for this process, by {@code localRank}
     * @param localRank the number of this process among those of its group on this machine
     * @throws LockstepException of kind RECIPE saying what is missing and how to get it
     */
    Device open(int index, int localRank);

    /** How many devices of this kind this machine has; 0 where that cannot be found out without libraries. */
    int count();

    /** The libraries that devices of this kind need, which are loaded for that. No device need be there. */
    default List<LibraryVersion> libraries() {
        return List.of();
    }
}
