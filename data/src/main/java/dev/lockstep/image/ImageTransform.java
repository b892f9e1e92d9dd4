package dev.lockstep.image;

import dev.lockstep.sampling.KeyedRandom;
import java.nio.FloatBuffer;

/** Turns an image into what the network sees: decoded, augmented, resized, normalized. Thread-safe. */
public interface ImageTransform {
    ImageShape shape();

    /**
     * Writes {@code shape().floats()} numbers at the buffer's position, rows first, channels interleaved.
     *
     * @param random the stream of this (seed, epoch, sample index); the only source of randomness
     */
    void apply(ImageData image, KeyedRandom random, FloatBuffer out);
}
