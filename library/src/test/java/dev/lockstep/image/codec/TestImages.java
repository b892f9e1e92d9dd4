package dev.lockstep.image.codec;

import dev.lockstep.image.ImageData;
import dev.lockstep.sampling.KeyedRandom;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;

/** Images for tests. */
public final class TestImages {
    private TestImages() {}

    /** An image of smooth colors with some noise, different for every key. */
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

    /** Files that cannot be used for training, by what is wrong with them. */
    public static Map<String, byte[]> bad() {
        byte[] jpeg = jpeg(40, 30, 1);
        byte[] zeroed = jpeg.clone();
        Arrays.fill(zeroed, marker(jpeg, 0xDA) + 100, jpeg.length - 2, (byte) 0);
        return Map.of(
                "JPEG file is damaged: ", zeroed,
                "JPEG file is truncated", Arrays.copyOf(jpeg, jpeg.length - 300),
                "image file is empty", new byte[0],
                "first bytes = 00 00", new byte[1000],
                "first bytes = 74 65", "text".getBytes(StandardCharsets.UTF_8),
                "width = 1, height = 1", jpeg(1, 1, 1),
                "width = 20000, height = 1", jpeg(20_000, 1, 1),
                "decompression bomb", bomb(jpeg));
    }

    /** The same JPEG with a frame header that claims 65,000 × 65,000 pixels. */
    static byte[] bomb(byte[] jpeg) {
        byte[] bomb = jpeg.clone();
        int frame = frame(bomb);
        bomb[frame + 5] = (byte) 0xFF;
        bomb[frame + 7] = (byte) 0xFF;
        return bomb;
    }

    /** The same JPEG with a second frame, too short for a frame header, after the first. */
    static byte[] shortFrame(byte[] jpeg) {
        int frame = frame(jpeg);
        int end = frame + 2 + ((jpeg[frame + 2] & 0xFF) << 8 | jpeg[frame + 3] & 0xFF);
        byte[] bytes = Arrays.copyOf(jpeg, jpeg.length + 4);
        System.arraycopy(jpeg, end, bytes, end + 4, jpeg.length - end);
        System.arraycopy(new byte[] {(byte) 0xFF, (byte) 0xC0, 0, 2}, 0, bytes, end, 4);
        return bytes;
    }

    private static int frame(byte[] jpeg) {
        return marker(jpeg, 0xC0);
    }

    /** The offset of a JPEG's first marker with this code. */
    static int marker(byte[] jpeg, int code) {
        for (int i = 0; ; i++) {
            if ((jpeg[i] & 0xFF) == 0xFF && (jpeg[i + 1] & 0xFF) == code) {
                return i;
            }
        }
    }
}
