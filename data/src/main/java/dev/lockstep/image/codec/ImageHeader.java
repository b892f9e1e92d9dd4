package dev.lockstep.image.codec;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.ImageData;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Set;

/**
 * Format and size of an image file, read without decoding pixels. The format is detected from the contents, not the
 * name: ImageNet has a PNG among its {@code .JPEG} files.
 *
 * @param width the width in pixels, as stored
 * @param height the height in pixels, as stored
 * @param orientation how to turn the stored pixels for display, as EXIF has it: from 1 (not at all) to 8
 */
public record ImageHeader(Format format, int width, int height, int orientation) {
    /** The supported file formats. */
    public enum Format {
        JPEG,
        PNG,
        WEBP,
        BMP,
        GIF,
        TIFF;

        /** The usual extension of such files, in lower case. */
        public String extension() {
            return this == JPEG ? "jpg" : this == TIFF ? "tif" : name().toLowerCase(Locale.ROOT);
        }
    }

    /** The extensions of image files, in lower case. */
    public static final Set<String> EXTENSIONS = Set.of("jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff");

    /** An image that is shown as it is stored. */
    public ImageHeader(Format format, int width, int height) {
        this(format, width, height, Orientation.AS_STORED);
    }

    /** Whether a file of this name, or with this path, counts as an image by its extension. */
    public static boolean isNamedLikeAnImage(String name) {
        String extension = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        return name.lastIndexOf('.') >= 0 && EXTENSIONS.contains(extension);
    }

    /** The width of the image as it is shown, turned as its orientation says. */
    public int uprightWidth() {
        return Orientation.swapsSides(orientation) ? height : width;
    }

    /** The height of the image as it is shown. */
    public int uprightHeight() {
        return Orientation.swapsSides(orientation) ? width : height;
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
        } else if (WebpStructure.matches(bytes)) {
            header = WebpStructure.read(bytes, image.name());
        } else {
            Format format = JavaDecoder.format(bytes).orElseThrow(() -> unknown(image));
            header = JavaDecoder.header(format, bytes, image.name());
        }
        header.check(image.name());
        return header;
    }

    private static LockstepException unknown(ImageData.Encoded image) {
        byte[] bytes = image.bytes();
        String start = HexFormat.ofDelimiter(" ").formatHex(bytes, 0, Math.min(4, bytes.length));
        return bad("not a JPEG, PNG, WebP, BMP, GIF or TIFF file", image.name(), "first bytes = " + start);
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
