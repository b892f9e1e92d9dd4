package dev.lockstep.image.codec;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.ImageData;
import java.util.HexFormat;

/**
 * What an image file says of itself, read without decoding a pixel. The format is told by the contents, not by the name:
 * ImageNet has a PNG among its {@code .JPEG} files.
 *
 * @param width in pixels, as stored: EXIF orientation is ignored, as ImageNet pipelines do
 * @param height in pixels
 */
public record ImageHeader(Format format, int width, int height) {
    public enum Format {
        JPEG,
        PNG
    }

    /** Below this side an image holds nothing to learn from, and is nearly always damage. */
    static final int SMALLEST_SIDE = 8;

    /** Pixels beyond which a file is taken for a decompression bomb: 300 MB decoded. */
    static final long MOST_PIXELS = 100_000_000;

    /**
     * Reads the header, and checks that the file is whole and of a sensible size.
     *
     * @throws LockstepException of kind DATA, naming the image
     */
    public static ImageHeader read(ImageData.Encoded image) {
        byte[] bytes = image.bytes();
        if (bytes.length == 0) {
            throw bad("image file is empty", image.name(), "bytes = 0");
        }
        ImageHeader header;
        if (JpegStructure.matches(bytes)) {
            header = JpegStructure.read(bytes, image.name());
        } else if (PngStructure.matches(bytes)) {
            header = PngStructure.read(bytes, image.name());
        } else {
            String start = HexFormat.ofDelimiter(" ").formatHex(bytes, 0, Math.min(4, bytes.length));
            throw bad("not a JPEG or PNG file", image.name(), "first bytes = " + start);
        }
        header.check(image.name());
        return header;
    }

    private void check(String name) {
        String size = "width = " + width + ", height = " + height;
        if (width < SMALLEST_SIDE || height < SMALLEST_SIDE) {
            throw bad("image is too small", name, size + ", least = " + SMALLEST_SIDE);
        }
        if ((long) width * height > MOST_PIXELS) {
            throw bad("image is too large (a decompression bomb?)", name, size + ", most pixels = " + MOST_PIXELS);
        }
    }

    static LockstepException bad(String what, String name, String detail) {
        return LockstepException.data(
                what, "image = " + name + ", " + detail, "replace or remove it, or use --skip-bad-images");
    }
}
