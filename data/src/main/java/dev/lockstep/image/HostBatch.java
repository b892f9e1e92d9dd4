package dev.lockstep.image;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;

/**
 * The images of one worker in one iteration (or one batch of an evaluation), in host memory.
 *
 * <p>Pixels are in a direct buffer of n × height × width × channels floats (channels last), which native code can use
 * without copying. Close the batch to return its buffer to the loader.
 */
public interface HostBatch extends AutoCloseable {
    /** The request that this batch answers. */
    BatchRequest request();

    /** The shape of one image. */
    ImageShape shape();

    /** Direct, native byte order, n × height × width × channels. Not there if {@link #bytes} are. */
    FloatBuffer pixels();

    /** The pixels before their normalization, if the transform leaves that to the device; see {@link BytePixels}. */
    default Optional<Bytes> bytes() {
        return Optional.empty();
    }

    /**
     * Pixels of 8 bits.
     *
     * @param values direct, n × height × width × channels
     * @param normalization what the device applies to them
     */
    record Bytes(ByteBuffer values, Normalization normalization) {}

    /** The class of each sample. */
    long[] labels();

    /** The requested samples that were bad and were replaced by others; see {@link BadImages}. */
    default List<Integer> replaced() {
        return List.of();
    }

    /** Who loaded the batch, and when; empty if that is not known. */
    default Optional<Loading> loading() {
        return Optional.empty();
    }

    /**
     * The work of a loader thread on a batch: reading, decoding and augmenting its images.
     *
     * @param thread the number of the loader thread, from 0
     * @param start by {@link System#nanoTime}
     * @param end likewise
     */
    record Loading(int thread, long start, long end) {}

    /** n, the number of images. */
    default int size() {
        return labels().length;
    }

    @Override
    void close();
}
