package dev.lockstep.image.transform;

import dev.lockstep.image.ImageData;
import dev.lockstep.image.codec.ImageCodec;
import dev.lockstep.image.codec.PixelSource;
import dev.lockstep.image.transform.TriangleFilter.Interval;
import java.nio.FloatBuffer;
import java.util.Arrays;

/** Shrinks a whole image, keeping its aspect ratio, with the transforms' antialiased bilinear filter. */
public final class ShortSide {
    private ShortSide() {}

    /**
     * Shrinks an image.
     *
     * @param side the short side of the result, in pixels
     * @return 8-bit RGB; at the original size when the short side is already at most {@code side}
     */
    public static ImageData.Pixels reduce(ImageData image, int side) {
        try (PixelSource source = ImageCodec.open(image)) {
            int shortSide = Math.min(source.width(), source.height());
            int wanted = Math.min(side, shortSide);
            int width = (int) Math.rint((double) source.width() * wanted / shortSide);
            int height = (int) Math.rint((double) source.height() * wanted / shortSide);
            float[] pixels = new float[width * height * 3];
            float[] one = new float[width * 3];
            Arrays.fill(one, 1);
            Resampler.ofThread()
                    .resample(
                            source,
                            TriangleFilter.of(Interval.whole(0, source.width(), width), 0, source.width()),
                            TriangleFilter.of(Interval.whole(0, source.height(), height), 0, source.height()),
                            one,
                            new float[width * 3],
                            FloatBuffer.wrap(pixels));
            return new ImageData.Pixels(height, width, 3, bytes(pixels));
        }
    }

    private static byte[] bytes(float[] pixels) {
        byte[] bytes = new byte[pixels.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Math.round(Math.min(255, Math.max(0, pixels[i])));
        }
        return bytes;
    }
}
