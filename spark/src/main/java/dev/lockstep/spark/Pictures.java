package dev.lockstep.spark;

import dev.lockstep.errors.LockstepException;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.ImageIO;
import org.apache.spark.ml.image.ImageSchema;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * The two forms in which Spark's sources have images: the bytes of JPEG and PNG files ({@code binaryFile}), and decoded pixels
 * ({@code image}), which become PNG files here.
 */
final class Pictures {
    private static final int BLUE_GREEN_RED = 3;

    private Pictures() {}

    /** @throws LockstepException of kind RECIPE when a column of this type holds no images */
    static void requireImages(String column, DataType type) {
        if (!type.equals(DataTypes.BinaryType) && !isDecoded(type)) {
            throw LockstepException.recipe(
                    "column holds no images",
                    "imageCol = " + column + ", type = " + type.simpleString(),
                    "use the content of Spark's binaryFile source or the image of its image source");
        }
    }

    /** A column of Spark's image source, read as such or by way of a file, which makes every field nullable. */
    private static boolean isDecoded(DataType type) {
        StructType wanted = ImageSchema.columnSchema();
        if (!(type instanceof StructType found) || found.fields().length != wanted.fields().length) {
            return false;
        }
        for (int i = 0; i < wanted.fields().length; i++) {
            StructField one = wanted.fields()[i];
            StructField other = found.fields()[i];
            if (!one.name().equals(other.name()) || !one.dataType().equals(other.dataType())) {
                return false;
            }
        }
        return true;
    }

    /** The bytes that distinguish images. */
    static Column bytes(Column images, DataType type) {
        return isDecoded(type) ? images.getField("data") : images;
    }

    /**
     * A JPEG or PNG file.
     *
     * @param value of an image column
     */
    static byte[] file(Object value) {
        return value instanceof byte[] bytes ? bytes : png((Row) value);
    }

    private static byte[] png(Row image) {
        int width = ImageSchema.getWidth(image);
        int height = ImageSchema.getHeight(image);
        int channels = ImageSchema.getNChannels(image);
        byte[] data = ImageSchema.getData(image);
        BufferedImage pixels = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < width * height; i++) {
            // Gray, or blue, green, red and perhaps an opacity, which training images do not have.
            int at = i * channels;
            int blue = data[at] & 0xff;
            int green = channels < BLUE_GREEN_RED ? blue : data[at + 1] & 0xff;
            int red = channels < BLUE_GREEN_RED ? blue : data[at + 2] & 0xff;
            pixels.setRGB(i % width, i / width, red << 16 | green << 8 | blue);
        }
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try {
            ImageIO.write(pixels, "png", file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return file.toByteArray();
    }
}
