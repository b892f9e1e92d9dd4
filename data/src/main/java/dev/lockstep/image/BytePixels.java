package dev.lockstep.image;

import dev.lockstep.sampling.KeyedRandom;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/**
 * A transform with 8-bit pixels: a {@link BatchLoader} delivers bytes, a quarter of the memory, and the device normalizes them
 * with {@link Normalization#tables}.
 */
public final class BytePixels implements ImageTransform {
    private final ByteTransform exact;
    private final float[][] tables;

    /** @param exact the transform without rounding */
    public BytePixels(ByteTransform exact) {
        this.exact = exact;
        this.tables = exact.normalization().tables();
    }

    /** The transform without rounding. */
    public ByteTransform exact() {
        return exact;
    }

    @Override
    public ImageShape shape() {
        return exact.shape();
    }

    /** Writes what a device makes of the bytes. */
    @Override
    public void apply(ImageData image, KeyedRandom random, FloatBuffer out) {
        ByteBuffer bytes = ByteBuffer.allocate(shape().floats());
        exact.applyBytes(image, random, bytes);
        bytes.flip();
        for (int channel = 0; bytes.hasRemaining(); channel = (channel + 1) % tables.length) {
            out.put(tables[channel][bytes.get() & 0xFF]);
        }
    }
}
