package dev.lockstep.image;

import dev.lockstep.sampling.KeyedRandom;
import java.nio.ByteBuffer;

/** A transform whose last step is the normalization, which can be left to the device that computes. Thread-safe. */
public interface ByteTransform extends ImageTransform {
    /** The step that {@link #applyBytes} leaves out. */
    Normalization normalization();

    /**
     * Writes {@code shape().floats()} bytes at the buffer's position, in the order height × width × channels: what
     * {@link #apply} would normalize, rounded and within [0, 255].
     *
     * @param random as for {@link #apply}; as many numbers are drawn
     */
    void applyBytes(ImageData image, KeyedRandom random, ByteBuffer out);

    /** A pixel value as a byte. */
    static byte rounded(float value) {
        return (byte) Math.round(Math.min(255, Math.max(0, value)));
    }
}
