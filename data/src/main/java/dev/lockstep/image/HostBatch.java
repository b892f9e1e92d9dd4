package dev.lockstep.image;

import java.nio.FloatBuffer;
import java.util.List;

/**
 * The images of one worker in one iteration (or one batch of an evaluation), in host memory.
 *
 * <p>Pixels lie in a direct buffer of n × height × width × channels floats (channels last), so that native code can take
 * it as it is. Close the batch to give its buffer back to the loader.
 */
public interface HostBatch extends AutoCloseable {
    BatchRequest request();

    ImageShape shape();

    /** Direct, native byte order, n × height × width × channels. */
    FloatBuffer pixels();

    /** One class a sample. */
    long[] labels();

    /** Those of the request's samples that were bad and have been replaced by others; see {@link BadImages}. */
    default List<Integer> replaced() {
        return List.of();
    }

    default int size() {
        return labels().length;
    }

    @Override
    void close();
}
