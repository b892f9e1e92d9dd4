package dev.lockstep.image.transform;

import dev.lockstep.image.ImageData;
import dev.lockstep.image.ImageShape;
import dev.lockstep.image.ImageTransform;
import dev.lockstep.image.codec.ImageCodec;
import dev.lockstep.image.codec.PixelSource;
import dev.lockstep.image.transform.TriangleFilter.Interval;
import dev.lockstep.sampling.KeyedRandom;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * Prepares an image file for a network trained on small images: decodes it, turns it as its EXIF orientation says, crops the largest centered part with the
 * dataset's aspect ratio, resizes it (antialiased bilinear) to the dataset's own size, converts it to grayscale if the
 * dataset is, and applies the dataset's evaluation transform. A file that already has the dataset's size is neither
 * cropped nor resized.
 */
public final class FittedTransform implements ImageTransform {
    private final ImageShape source;
    private final ImageTransform next;

    /**
     * Creates a transform.
     *
     * @param source the shape of the dataset's own images, with 1 or 3 channels
     * @param next the transform to apply to images of that shape
     */
    public FittedTransform(ImageShape source, ImageTransform next) {
        if (source.channels() != 1 && source.channels() != 3) {
            throw new IllegalArgumentException("channels = " + source.channels() + ": must be 1 or 3");
        }
        this.source = source;
        this.next = next;
    }

    @Override
    public ImageShape shape() {
        return next.shape();
    }

    @Override
    public void apply(ImageData image, KeyedRandom random, FloatBuffer out) {
        next.apply(fit(image), random, out);
    }

    private ImageData.Pixels fit(ImageData image) {
        int height = source.height();
        int width = source.width();
        float[] pixels = new float[height * width * 3];
        try (PixelSource decoded = ImageCodec.openUpright(image)) {
            float[] one = new float[width * 3];
            Arrays.fill(one, 1);
            double scale = Math.min((double) decoded.width() / width, (double) decoded.height() / height);
            Resampler.ofThread()
                    .resample(
                            decoded,
                            center(decoded.width(), width, scale),
                            center(decoded.height(), height, scale),
                            one,
                            new float[width * 3],
                            FloatBuffer.wrap(pixels));
        }
        byte[] bytes = source.channels() == 3 ? colors(pixels) : luminance(pixels);
        return new ImageData.Pixels(height, width, source.channels(), bytes);
    }

    private static TriangleFilter center(int length, int size, double scale) {
        double kept = size * scale;
        Interval interval = Interval.whole((length - kept) / 2, kept, size);
        return TriangleFilter.of(interval, 0, length);
    }

    private static byte[] colors(float[] pixels) {
        byte[] bytes = new byte[pixels.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) rounded(pixels[i]);
        }
        return bytes;
    }

    /** ITU-R 601 luma, in the fixed-point form of Pillow's conversion to "L". */
    private static byte[] luminance(float[] pixels) {
        byte[] bytes = new byte[pixels.length / 3];
        for (int i = 0; i < bytes.length; i++) {
            int sum = 19595 * rounded(pixels[3 * i])
                    + 38470 * rounded(pixels[3 * i + 1])
                    + 7471 * rounded(pixels[3 * i + 2]);
            bytes[i] = (byte) (sum + 0x8000 >> 16);
        }
        return bytes;
    }

    private static int rounded(float value) {
        return Math.round(Math.min(255, Math.max(0, value)));
    }
}
