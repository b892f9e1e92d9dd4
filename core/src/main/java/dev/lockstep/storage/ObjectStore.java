package dev.lockstep.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/**
 * A store of objects, such as an S3 bucket or an HDFS. An object is written whole and never changed in place. Keys are
 * relative to the store's root, with {@code /} between their parts; a folder is what keys have in common. Every method may
 * be called from several threads.
 *
 * <p>Errors are {@code NoSuchFileException} for a missing object, {@code AccessDeniedException} when the store refuses the
 * credentials, and other {@code IOException}s, which may pass: a caller may try again.
 */
public interface ObjectStore extends AutoCloseable {
    /**
     * An object or a folder.
     *
     * @param name the last part of its key
     * @param bytes its size; 0 for a folder
     * @param version changes when the object is replaced; empty for a folder
     */
    record Entry(String name, boolean folder, long bytes, String version) {}

    /** What lies under a key; an object before a folder of the same name. */
    Entry stat(String key) throws IOException;

    /** Fills the buffer with the bytes of an object from {@code offset} on; all of them must exist. */
    void read(String key, long offset, ByteBuffer target) throws IOException;

    /** What lies directly in a folder, in any order; empty when there is no such folder. */
    List<Entry> list(String folder) throws IOException;

    /** Creates or replaces an object. Readers see all of the old contents or all of the new. */
    void put(String key, Path file) throws IOException;

    /** Removes an object, if it exists. */
    void delete(String key) throws IOException;

    @Override
    void close();
}
