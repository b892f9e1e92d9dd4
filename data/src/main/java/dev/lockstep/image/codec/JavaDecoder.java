package dev.lockstep.image.codec;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.ImageData;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Iterator;
import java.util.Locale;
import java.util.Optional;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Decodes BMP, GIF and TIFF files with the JDK's own decoders, which are written in Java: they print nothing, and damage is
 * an exception. Colors are those of the samples, without color management; the first picture of a file counts.
 */
final class JavaDecoder {
    private static final String JDK = "com.sun.imageio.";

    private JavaDecoder() {}

    /** The format of a file by its first bytes. */
    static Optional<ImageHeader.Format> format(byte[] bytes) {
        if (bytes.length < 8) {
            return Optional.empty();
        } else if (bytes[0] == 'B' && bytes[1] == 'M') {
            return Optional.of(ImageHeader.Format.BMP);
        } else if (bytes[0] == 'G' && bytes[1] == 'I' && bytes[2] == 'F' && bytes[3] == '8') {
            return Optional.of(ImageHeader.Format.GIF);
        }
        boolean little = bytes[0] == 'I' && bytes[1] == 'I' && bytes[2] == 42 && bytes[3] == 0;
        boolean big = bytes[0] == 'M' && bytes[1] == 'M' && bytes[2] == 0 && bytes[3] == 42;
        return little || big ? Optional.of(ImageHeader.Format.TIFF) : Optional.empty();
    }

    static ImageHeader header(ImageHeader.Format format, byte[] bytes, String name) {
        int orientation =
                format == ImageHeader.Format.TIFF ? Orientation.ofTiff(bytes, 0, bytes.length) : Orientation.AS_STORED;
        return with(
                format,
                bytes,
                name,
                reader -> new ImageHeader(format, reader.getWidth(0), reader.getHeight(0), orientation));
    }

    /** Decodes the first picture as 8-bit RGB. */
    static ImageData.Pixels decode(ImageHeader header, byte[] bytes, String name) {
        return with(header.format(), bytes, name, reader -> {
            reader.addIIOReadWarningListener((source, warning) -> {
                throw new IllegalArgumentException(warning);
            });
            BufferedImage image = reader.read(0);
            if (image.getWidth() != header.width() || image.getHeight() != header.height()) {
                throw new IOException("its pixels end early");
            }
            return new ImageData.Pixels(image.getHeight(), image.getWidth(), 3, colors(image));
        });
    }

    private interface Use<T> {
        T of(ImageReader reader) throws IOException;
    }

    /** The decoders fail with exceptions of many kinds. */
    private static <T> T with(ImageHeader.Format format, byte[] bytes, String name, Use<T> use) {
        ImageReader reader = reader(format);
        try (ImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes))) {
            reader.setInput(in, false, true);
            return use.of(reader);
        } catch (IOException | RuntimeException e) {
            String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
            throw ImageHeader.bad(
                    format + " file is damaged or of an unsupported kind: "
                            + (e.getMessage() == null ? e.getClass().getSimpleName() : reason),
                    name,
                    "bytes = " + bytes.length);
        } catch (OutOfMemoryError e) {
            // A length in the file was taken for that of an array. Sizes of images are limited before they are decoded.
            throw ImageHeader.bad(
                    format + " file is damaged: it needs too much memory", name, "bytes = " + bytes.length);
        } finally {
            reader.dispose();
        }
    }

    /** Libraries on the class path may add decoders of their own; the pixels must not depend on them. */
    private static ImageReader reader(ImageHeader.Format format) {
        Iterator<ImageReader> readers =
                ImageIO.getImageReadersByFormatName(format.name().toLowerCase(Locale.ROOT));
        while (readers.hasNext()) {
            ImageReader reader = readers.next();
            if (reader.getClass().getName().startsWith(JDK)) {
                return reader;
            }
            reader.dispose();
        }
        throw LockstepException.recipe(
                "this Java cannot decode " + format + " files",
                "module = java.desktop",
                "use a Java that has the module");
    }

    private static byte[] colors(BufferedImage image) throws IOException {
        int width = image.getWidth();
        byte[] colors = new byte[3 * width * image.getHeight()];
        Raster raster = image.getRaster();
        int bands = raster.getNumBands();
        int[] bits = raster.getSampleModel().getSampleSize();
        boolean indexed = image.getColorModel() instanceof IndexColorModel;
        int space = image.getColorModel().getColorSpace().getType();
        require(indexed || bits[0] <= 16, "bits = " + bits[0]);
        require(
                indexed
                        || space == ColorSpace.TYPE_GRAY
                        || space == ColorSpace.TYPE_RGB && bands >= 3
                        || space == ColorSpace.TYPE_CMYK && bands >= 4,
                "color space = " + space + ", channels = " + bands);
        int[] samples = new int[bands * width];
        for (int y = 0; y < image.getHeight(); y++) {
            raster.getPixels(0, y, width, 1, samples);
            int to = 3 * width * y;
            for (int x = 0; x < width; x++, to += 3) {
                if (image.getColorModel() instanceof IndexColorModel palette) {
                    int rgb = palette.getRGB(samples[x * bands]);
                    colors[to] = (byte) (rgb >> 16);
                    colors[to + 1] = (byte) (rgb >> 8);
                    colors[to + 2] = (byte) rgb;
                    continue;
                }
                int key = space == ColorSpace.TYPE_CMYK ? 255 - sample(samples, x * bands + 3, bits[3]) : 255;
                for (int channel = 0; channel < 3; channel++) {
                    int band = space == ColorSpace.TYPE_GRAY ? 0 : channel;
                    int value = sample(samples, x * bands + band, bits[band]);
                    colors[to + channel] = (byte) (space == ColorSpace.TYPE_CMYK ? product(255 - value, key) : value);
                }
            }
        }
        return colors;
    }

    private static void require(boolean supported, String kind) throws IOException {
        if (!supported) {
            throw new IOException(kind);
        }
    }

    /** In 8 bits: the high byte of a sample with more, and a sample with fewer stretched to 255. */
    private static int sample(int[] samples, int at, int bits) {
        return bits >= 8 ? samples[at] >> bits - 8 & 0xFF : samples[at] * 255 / ((1 << bits) - 1);
    }

    /** Of two fractions of 255, rounded. */
    private static int product(int a, int b) {
        return (a * b + 127) / 255;
    }
}
