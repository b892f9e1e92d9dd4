package dev.lockstep.evidence.scenario;

import java.awt.image.BufferedImage;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import javax.imageio.ImageIO;

/** A folder of class folders with PNG files, made of a dataset of real images. */
final class ImageFiles {
    private static final Path DATASET = Path.of("/usr/share/datasets/fashion-mnist");

    private ImageFiles() {}

    /** Writes the first images of both sets of Fashion-MNIST, from Debian's package dataset-fashion-mnist. */
    static void ofFashionMnist(Path folder, int training, int validation) throws IOException {
        write(folder.resolve("train"), "train", training);
        write(folder.resolve("val"), "t10k", validation);
    }

    private static void write(Path folder, String set, int count) throws IOException {
        try (DataInputStream images = open(set + "-images-idx3-ubyte.gz");
                DataInputStream labels = open(set + "-labels-idx1-ubyte.gz")) {
            images.skipNBytes(8);
            int height = images.readInt();
            int width = images.readInt();
            labels.skipNBytes(8);
            for (int i = 0; i < count; i++) {
                BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_BYTE_GRAY);
                image.getRaster().setDataElements(0, 0, width, height, images.readNBytes(width * height));
                Path label = Files.createDirectories(folder.resolve(Integer.toString(labels.readUnsignedByte())));
                ImageIO.write(
                        image, "png", label.resolve("%05d.png".formatted(i)).toFile());
            }
        }
    }

    private static DataInputStream open(String name) throws IOException {
        return new DataInputStream(new GZIPInputStream(Files.newInputStream(DATASET.resolve(name))));
    }
}
