package dev.lockstep.image;

import dev.lockstep.sampling.KeyedRandom;
import java.nio.FloatBuffer;

/** Turns an image into network input by decoding, augmenting, resizing and normalizing it. Thread-safe. */
public interface ImageTransform {
    /** The shape of the output. */
    ImageShape shape();

    /**
     * Writes {@code shape().floats()} numbers at the buffer's position, in the order height × width × channels.
     *
     * @param random the random stream of this (seed, epoch, sample index), the only source of randomness
     * @throws dev.lockstep.errors.LockstepException of kind DATA when the image cannot be decoded
     */
    void apply(ImageData image, KeyedRandom random, FloatBuffer out);
}
