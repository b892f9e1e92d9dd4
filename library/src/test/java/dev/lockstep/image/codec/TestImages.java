package dev.lockstep.image.codec;

import dev.lockstep.image.ImageData;
import dev.lockstep.sampling.KeyedRandom;

/** Images for tests. */
public final class TestImages {
    private TestImages() {}

    /** Smooth colours with some noise, different for every key. */
    public static ImageData.Pixels pixels(int width, int height, long key) {
        KeyedRandom random = KeyedRandom.of(key);
        int red = random.nextInt(200);
        int green = random.nextInt(200);
        byte[] values = new byte[width * height * 3];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int at = (y * width + x) * 3;
                values[at] = (byte) (red + 50 * x / width);
                values[at + 1] = (byte) (green + 50 * y / height);
                values[at + 2] = (byte) (100 + random.nextInt(20));
            }
        }
        return new ImageData.Pixels(height, width, 3, values);
    }

    public static byte[] jpeg(int width, int height, long key) {
        return ImageCodec.encodeJpeg(pixels(width, height, key), 95);
    }

    public static byte[] png(int width, int height, long key) {
        return ImageCodec.encodePng(pixels(width, height, key));
    }
}
