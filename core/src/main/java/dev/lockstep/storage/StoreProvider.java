package dev.lockstep.storage;

import java.io.IOException;
import java.net.URI;
import java.util.Set;

/** Opens stores of some schemes. Implementations are found by {@code ServiceLoader}. */
public interface StoreProvider {
    /** The schemes in lower case, such as {@code s3}. */
    Set<String> schemes();

    /**
     * Opens a store.
     *
     * @param root scheme and authority, such as {@code s3://bucket}
     * @throws IOException when the settings of the store are not usable
     */
    ObjectStore open(URI root) throws IOException;
}
