package dev.lockstep.image.codec;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.ImageData;
import java.util.HexFormat;

/**
 * Format and size of an image file, read without decoding pixels. The format is detected from the contents, not the
 * name: ImageNet has a PNG among its {@code .JPEG} files.
 *
 * @param width the width in pixels, as stored; EXIF orientation is ignored, as in ImageNet pipelines
 * @param height the height in pixels
 */
public record ImageHeader(Format format, int width, int height) {
    /** The supported file formats. */
    public enum Format {
        JPEG,
        PNG
    }

    /** A smaller image holds nothing to learn from and is almost always damaged. */
    static final int SMALLEST_SIDE = 8;

    /** A file with more pixels (300 MB decoded) is treated as a decompression bomb. */
    static final long MOST_PIXELS = 100_000_000;

    /**
     * Reads the header, and checks that the file is complete and has a sensible size.
     *
     * @throws LockstepException of kind DATA, naming the image, when a check fails
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
            throw bad("image is too small", name, size + ", minimum = " + SMALLEST_SIDE);
        }
        if ((long) width * height > MOST_PIXELS) {
            throw bad("image is too large (a decompression bomb?)", name, size + ", limit in pixels = " + MOST_PIXELS);
        }
    }

    static LockstepException bad(String what, String name, String detail) {
        return LockstepException.data(
                what, "image = " + name + ", " + detail, "replace or remove it, or skip bad images");
    }
}
