package dev.lockstep.torch;

/** How a device reaches those of other processes. */
public interface PeerLink {
    /** What no other device in the world has. Devices are connected only if each process has one of its own. */
    String identity();

    /** What one process makes and all use to find each other. */
    byte[] newKey();

    /**
     * Begins to connect this process with the others.
     *
     * @param key made by one of them
     */
    Peers connect(byte[] key, int rank, int size);
}
