package dev.lockstep.image.codec;

import static org.bytedeco.opencv.global.opencv_core.CV_8UC1;
import static org.bytedeco.opencv.global.opencv_core.CV_8UC3;
import static org.bytedeco.opencv.global.opencv_core.setNumThreads;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_COLOR_RGB;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_IGNORE_ORIENTATION;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_REDUCED_GRAYSCALE_2;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_REDUCED_GRAYSCALE_4;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_REDUCED_GRAYSCALE_8;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMWRITE_JPEG_QUALITY;
import static org.bytedeco.opencv.global.opencv_imgcodecs.imdecode;
import static org.bytedeco.opencv.global.opencv_imgcodecs.imencode;
import static org.bytedeco.opencv.global.opencv_imgproc.FONT_HERSHEY_SIMPLEX;
import static org.bytedeco.opencv.global.opencv_imgproc.LINE_AA;
import static org.bytedeco.opencv.global.opencv_imgproc.putText;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.ImageData;
import dev.lockstep.natives.NativeLibraries;
import java.util.Arrays;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_imgcodecs;
import org.bytedeco.opencv.global.opencv_imgproc;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Point;
import org.bytedeco.opencv.opencv_core.Scalar;

/**
 * Decodes and encodes images. Decoded images are always 8-bit RGB: grayscale is expanded to three channels, CMYK and
 * YCCK are converted, transparency, color profiles and the low byte of 16-bit samples are dropped, and of a GIF or TIFF
 * file with several pictures the first one counts. Pixels are as stored, or {@linkplain #openUpright upright}.
 */
public final class ImageCodec {
    /**
     * A partly decoded JPEG ends at a block boundary; blocks have 8 rows of pixels, or 16 when chrominance is
     * subsampled.
     */
    private static final int BLOCK = 16;

    private static final ExaminedContents EXAMINED = new ExaminedContents();

    private static boolean loaded;

    private ImageCodec() {}

    /**
     * Loads the libraries lazily. A failure in a static initializer would surface as a class initialization error, and
     * only once.
     */
    private static synchronized void load() {
        if (!loaded) {
            NativeLibraries.load("opencv", opencv_core.class, opencv_imgproc.class, opencv_imgcodecs.class);
            // The loader's threads are the only threads in the data path, and results must not depend on their number.
            setNumThreads(1);
            loaded = true;
        }
    }

    /** Opens an image's pixels for reading, decoding if necessary. Encoded images are returned as RGB. */
    public static PixelSource open(ImageData image) {
        if (image instanceof ImageData.Pixels pixels) {
            return new ByteSource(pixels);
        }
        ImageData.Encoded encoded = (ImageData.Encoded) image;
        ImageHeader header = ImageHeader.read(encoded);
        return decode(encoded, header, header.height(), 1);
    }

    /** Opens an image as {@link #open} does, turned as its EXIF orientation says. */
    public static PixelSource openUpright(ImageData image) {
        if (image instanceof ImageData.Encoded encoded) {
            ImageHeader header = ImageHeader.read(encoded);
            return decodeUpright(encoded, header, header.uprightHeight(), 1);
        }
        return open(image);
    }

    /**
     * Turns pixels.
     *
     * @param orientation of the pixels, as in {@link ImageHeader#orientation}
     */
    public static ImageData.Pixels upright(ImageData.Pixels stored, int orientation) {
        return orientation == Orientation.AS_STORED ? stored : UprightSource.turned(stored, orientation);
    }

    /**
     * Decodes an image as {@link #decode} does, turned as its EXIF orientation says.
     *
     * @param rows of the upright image
     */
    public static PixelSource decodeUpright(ImageData.Encoded image, ImageHeader header, int rows, int reduction) {
        return header.orientation() == Orientation.AS_STORED
                ? decode(image, header, rows, reduction)
                : new UprightSource(decode(image, header, header.height(), reduction), header.orientation());
    }

    /**
     * Decodes an image, or its upper part.
     *
     * @param header the header of this image
     * @param rows the number of rows from the top that will be read; the result has at least these. Most JPEG files can
     *     be decoded partly, and then the rows below cost no time
     * @param reduction 1, 2, 4 or 8: decodes to a size smaller by this factor (sides rounded up), from the low
     *     frequencies of the DCT blocks; must be 1 unless the file is a JPEG
     * @throws LockstepException of kind DATA when the image cannot be decoded
     */
    public static PixelSource decode(ImageData.Encoded image, ImageHeader header, int rows, int reduction) {
        if (isDecodedInJava(header)) {
            return new ByteSource(JavaDecoder.decode(header, image.bytes(), image.name()));
        }
        load();
        int flags = IMREAD_COLOR_RGB | IMREAD_IGNORE_ORIENTATION | reduction(reduction);
        // The last row of a partly decoded image may differ from the same row of the whole image, where colors are
        // interpolated with the row below; this also holds for reduced images. So decode one more row (or `reduction`
        // rows of the file) than will be read.
        int part = ((rows + reduction - 1) / BLOCK + 1) * BLOCK;
        boolean jpeg = header.format() == ImageHeader.Format.JPEG;
        byte[] whole = examined(image, header);
        int heightAt = jpeg && part < header.height() ? JpegStructure.adjustableHeight(whole) : -1;
        int decodedRows = heightAt < 0 ? header.height() : part;
        int length = whole.length - (heightAt < 0 ? 0 : JpegStructure.END_LENGTH);
        try (BytePointer bytes = new BytePointer(whole);
                Mat file = new Mat(1, length, CV_8UC1, bytes)) {
            if (heightAt >= 0) {
                bytes.put(heightAt, (byte) (part >> 8)).put(heightAt + 1L, (byte) part);
            }
            Mat decoded = imdecode(file, flags);
            int width = (header.width() + reduction - 1) / reduction;
            int height = (decodedRows + reduction - 1) / reduction;
            if (decoded.empty() || decoded.cols() != width || decoded.rows() != height) {
                decoded.close();
                throw ImageHeader.bad("cannot decode the image", image.name(), "format = " + header.format());
            }
            return new DecodedImage(decoded);
        } catch (RuntimeException e) {
            throw e instanceof LockstepException
                    ? e
                    : ImageHeader.bad(
                            "cannot decode the image",
                            image.name(),
                            String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
        }
    }

    /**
     * Checks that all of an image can be decoded, and returns its header.
     *
     * @throws LockstepException of kind DATA when it cannot be decoded
     */
    public static ImageHeader examine(ImageData.Encoded image) {
        ImageHeader header = ImageHeader.read(image);
        if (header.format() == ImageHeader.Format.JPEG || header.format() == ImageHeader.Format.PNG) {
            examined(image, header);
        } else {
            decode(image, header, header.height(), 1).close();
        }
        return header;
    }

    private static boolean isDecodedInJava(ImageHeader header) {
        return switch (header.format()) {
            case JPEG, PNG, WEBP -> false;
            case BMP, GIF, TIFF -> true;
        };
    }

    /**
     * Returns the bytes for the native decoder: an intact file without the parts that do not affect pixels. Damage is
     * detected here because native decoders print warnings to the terminal without naming the file.
     */
    private static byte[] examined(ImageData.Encoded image, ImageHeader header) {
        byte[] bytes = image.bytes();
        if (header.format() == ImageHeader.Format.WEBP) {
            return bytes; // Its decoder prints nothing, and refuses a file that it cannot decode as a whole.
        }
        boolean jpeg = header.format() == ImageHeader.Format.JPEG;
        long key = ExaminedContents.key(bytes);
        int end = bytes.length;
        if (!EXAMINED.contains(key)) {
            if (jpeg) {
                end = JpegExamination.end(bytes, image.name());
            } else {
                PngExamination.require(bytes, image.name());
            }
            if (end == bytes.length) {
                EXAMINED.add(key);
            }
        }
        return jpeg ? end == bytes.length ? bytes : Arrays.copyOf(bytes, end) : PngExamination.essential(bytes);
    }

    private static int reduction(int factor) {
        return switch (factor) {
            case 1 -> 0;
            case 2 -> IMREAD_REDUCED_GRAYSCALE_2;
            case 4 -> IMREAD_REDUCED_GRAYSCALE_4;
            case 8 -> IMREAD_REDUCED_GRAYSCALE_8;
            default -> throw new IllegalArgumentException("reduction = " + factor + ": must be 1, 2, 4 or 8");
        };
    }

    /**
     * Encodes a JPEG file.
     *
     * @param pixels 3 channels, red first
     * @param quality from 1 to 100
     */
    public static byte[] encodeJpeg(ImageData.Pixels pixels, int quality) {
        return encodeJpegWith(pixels, IMWRITE_JPEG_QUALITY, quality);
    }

    /**
     * A JPEG file that {@link #encodeJpeg} made, marked with the orientation of its pixels.
     *
     * @param orientation as in {@link ImageHeader#orientation}
     */
    public static byte[] withOrientation(byte[] jpeg, int orientation) {
        return orientation == Orientation.AS_STORED ? jpeg : Orientation.mark(jpeg, orientation);
    }

    /** @param options alternating names and values of OpenCV options */
    static byte[] encodeJpegWith(ImageData.Pixels pixels, int... options) {
        load();
        try (IntPointer parameters = new IntPointer(options)) {
            return encode(".jpg", pixels, parameters);
        }
    }

    /**
     * Encodes a PNG file.
     *
     * @param pixels 3 channels, red first
     */
    public static byte[] encodePng(ImageData.Pixels pixels) {
        load();
        try (IntPointer none = new IntPointer(0L)) {
            return encode(".png", pixels, none);
        }
    }

    /**
     * A white strip with a line of black text; what does not fit is cut off, and characters that are not ASCII are shown as
     * question marks.
     *
     * @param size of the letters; 1 is about 20 pixels high
     */
    public static ImageData.Pixels text(String line, int width, int height, double size) {
        load();
        byte[] white = new byte[width * height * 3];
        Arrays.fill(white, (byte) 255);
        try (BytePointer data = new BytePointer(white);
                Mat strip = new Mat(height, width, CV_8UC3, data);
                Point at = new Point(1, height * 3 / 4);
                Scalar black = new Scalar(0, 0, 0, 0);
                BytePointer text = new BytePointer(line.replaceAll("[^ -~]", "?"))) {
            putText(strip, text, at, FONT_HERSHEY_SIMPLEX, size, black, 1, LINE_AA, false);
            data.get(white);
        }
        return new ImageData.Pixels(height, width, 3, white);
    }

    private static byte[] encode(String extension, ImageData.Pixels pixels, IntPointer parameters) {
        byte[] reversed = blueFirst(pixels);
        try (BytePointer data = new BytePointer(reversed);
                Mat image = new Mat(pixels.height(), pixels.width(), CV_8UC3, data);
                BytePointer name = new BytePointer(extension);
                BytePointer file = new BytePointer()) {
            if (!imencode(name, image, file, parameters)) {
                throw new IllegalStateException("OpenCV did not encode " + extension);
            }
            byte[] bytes = new byte[(int) file.limit()];
            file.get(bytes);
            return bytes;
        }
    }

    private static byte[] blueFirst(ImageData.Pixels pixels) {
        byte[] values = pixels.values();
        if (pixels.channels() != 3) {
            throw new IllegalArgumentException("channels = " + pixels.channels() + ": must be 3");
        }
        byte[] reversed = new byte[values.length];
        for (int i = 0; i < values.length; i += 3) {
            reversed[i] = values[i + 2];
            reversed[i + 1] = values[i + 1];
            reversed[i + 2] = values[i];
        }
        return reversed;
    }
}
