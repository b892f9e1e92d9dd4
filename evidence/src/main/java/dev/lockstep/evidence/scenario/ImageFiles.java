package dev.lockstep.evidence.scenario;

import java.awt.image.BufferedImage;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
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

    /**
     * Writes as many of the first images of each of some classes, in folders named by class.
     *
     * @param turns 4 writes each image four times, turned by a quarter each, as classes of their own; else 1
     */
    static void ofClasses(Path folder, Set<Integer> classes, int training, int validation, int turns)
            throws IOException {
        writeClasses(folder.resolve("train"), "train", classes, training, turns);
        writeClasses(folder.resolve("val"), "t10k", classes, validation, turns);
    }

    private static void writeClasses(Path folder, String set, Set<Integer> classes, int perClass, int turns)
            throws IOException {
        Map<Integer, Integer> written = new HashMap<>();
        each(set, set.equals("train") ? 60_000 : 10_000, (number, label, image) -> {
            int before = written.getOrDefault(label, 0);
            if (classes.contains(label) && before < perClass) {
                written.put(label, before + 1);
                BufferedImage turned = image;
                for (int turn = 0; turn < turns; turn++) {
                    write(folder, turns == 1 ? Integer.toString(label) : label + "-" + turn, number, turned);
                    turned = turned(turned);
                }
            }
            return written.values().stream().mapToInt(count -> count).sum() < classes.size() * perClass;
        });
    }

    private static void write(Path folder, String set, int count) throws IOException {
        each(set, count, (number, label, image) -> {
            write(folder, Integer.toString(label), number, image);
            return true;
        });
    }

    /** By a quarter. */
    private static BufferedImage turned(BufferedImage image) {
        int side = image.getWidth();
        BufferedImage turned = new BufferedImage(side, side, image.getType());
        for (int y = 0; y < side; y++) {
            for (int x = 0; x < side; x++) {
                turned.getRaster()
                        .setSample(side - 1 - y, x, 0, image.getRaster().getSample(x, y, 0));
            }
        }
        return turned;
    }

    private static void write(Path folder, String label, int number, BufferedImage image) throws IOException {
        Path of = Files.createDirectories(folder.resolve(label));
        ImageIO.write(image, "png", of.resolve("%05d.png".formatted(number)).toFile());
    }

    private interface Use {
        /** Returns whether more are wanted. */
        boolean of(int number, int label, BufferedImage image) throws IOException;
    }

    private static void each(String set, int count, Use use) throws IOException {
        try (DataInputStream images = open(set + "-images-idx3-ubyte.gz");
                DataInputStream labels = open(set + "-labels-idx1-ubyte.gz")) {
            images.skipNBytes(8);
            int height = images.readInt();
            int width = images.readInt();
            labels.skipNBytes(8);
            boolean more = true;
            for (int i = 0; i < count && more; i++) {
                BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_BYTE_GRAY);
                image.getRaster().setDataElements(0, 0, width, height, images.readNBytes(width * height));
                more = use.of(i, labels.readUnsignedByte(), image);
            }
        }
    }

    private static DataInputStream open(String name) throws IOException {
        return new DataInputStream(new GZIPInputStream(Files.newInputStream(DATASET.resolve(name))));
    }
}
