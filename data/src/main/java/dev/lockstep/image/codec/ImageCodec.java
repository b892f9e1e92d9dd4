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

/**
 * Decodes and encodes images. Decoded images are always red, green, blue, 8 bits each: grayscale is repeated, CMYK and
 * YCCK are converted, transparency and the lower half of 16-bit samples are dropped, EXIF orientation is ignored.
 */
public final class ImageCodec {
    /** Parts of JPEG files end between blocks, which have 8 rows of pixels, or 16 where colors are coarser. */
    private static final int BLOCK = 16;

    private static final ExaminedContents EXAMINED = new ExaminedContents();

    private static boolean loaded;

    private ImageCodec() {}

    /** Not when the class is initialized: a failure there would be told as one of the class, and once. */
    private static synchronized void load() {
        if (!loaded) {
            NativeLibraries.load("opencv", opencv_core.class, opencv_imgproc.class, opencv_imgcodecs.class);
            // The loader's threads are the only threads of the data path, and results must not depend on how many there
            // are.
            setNumThreads(1);
            loaded = true;
        }
    }

    /** Where to read pixels from, whatever form the image has. Encoded images are RGB. */
    public static PixelSource open(ImageData image) {
        if (image instanceof ImageData.Pixels pixels) {
            return new ByteSource(pixels);
        }
        ImageData.Encoded encoded = (ImageData.Encoded) image;
        ImageHeader header = ImageHeader.read(encoded);
        return decode(encoded, header, header.height(), 1);
    }

    /**
     * @param header of this image
     * @param rows of the image, from the top, that will be read; the result has these at least. Those below them take no
     *     time where the file can be decoded in part, as most JPEG files can
     * @param reduction 1, 2, 4 or 8: the image comes out smaller by this factor (sides rounded up), the mean frequencies
     *     of its DCT blocks; for JPEG only, others take 1
     * @throws LockstepException of kind DATA when the image cannot be decoded
     */
    public static PixelSource decode(ImageData.Encoded image, ImageHeader header, int rows, int reduction) {
        load();
        int flags = IMREAD_COLOR_RGB | IMREAD_IGNORE_ORIENTATION | reduction(reduction);
        // The last row of a part may differ from that row of the whole, whose colors are interpolated with those of the
        // row below; of a reduced part, too. So the last row of the result, which stands for `reduction` rows of the
        // file, is one that nobody will read.
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
                throw ImageHeader.bad("image cannot be decoded", image.name(), "format = " + header.format());
            }
            return new DecodedImage(decoded);
        } catch (RuntimeException e) {
            throw e instanceof LockstepException
                    ? e
                    : ImageHeader.bad(
                            "image cannot be decoded",
                            image.name(),
                            String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
        }
    }

    /**
     * The header of an image all of which can be decoded.
     *
     * @throws LockstepException of kind DATA when it cannot
     */
    public static ImageHeader examine(ImageData.Encoded image) {
        ImageHeader header = ImageHeader.read(image);
        examined(image, header);
        return header;
    }

    /**
     * What the native decoder gets: a file that is whole, without what does not change a pixel. Native decoders print what
     * they dislike on the terminal, without the file's name, so damage is found here.
     */
    private static byte[] examined(ImageData.Encoded image, ImageHeader header) {
        byte[] bytes = image.bytes();
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
     * @param pixels of 3 channels, red first
     * @param quality from 1 to 100
     */
    public static byte[] encodeJpeg(ImageData.Pixels pixels, int quality) {
        return encodeJpegWith(pixels, IMWRITE_JPEG_QUALITY, quality);
    }

    /**
     * @param options names and values of OpenCV's, in turns
     */
    static byte[] encodeJpegWith(ImageData.Pixels pixels, int... options) {
        load();
        try (IntPointer parameters = new IntPointer(options)) {
            return encode(".jpg", pixels, parameters);
        }
    }

    /**
     * @param pixels of 3 channels, red first
     */
    public static byte[] encodePng(ImageData.Pixels pixels) {
        load();
        try (IntPointer none = new IntPointer(0L)) {
            return encode(".png", pixels, none);
        }
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
