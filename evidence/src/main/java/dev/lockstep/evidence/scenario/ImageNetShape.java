package dev.lockstep.evidence.scenario;

import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;

/**
 * Makes a folder of ImageNet's shape out of some photographs, with the JDK alone: {@code java ImageNetShape.java FOLDER
 * PHOTOGRAPH…}. Each of 1000 classes gets a training image and a validation image: a random part of a photograph as a
 * JPEG of about 500 × 375. As in the real set, some files are grayscale, upright, small, or misnamed PNG files. Beside
 * {@code train} and {@code val} it writes {@code probe}: PNG files of 256 × 256, which evaluation only crops.
 */
final class ImageNetShape {
    private static final int CLASSES = 1000;
    private static final int PROBES = 4;
    private static final float QUALITY = 0.92f;

    private final List<BufferedImage> photographs;
    private final SplittableRandom random = new SplittableRandom(1);
    private final ImageWriter writer =
            ImageIO.getImageWritersByFormatName("jpeg").next();

    private ImageNetShape(List<BufferedImage> photographs) {
        this.photographs = photographs;
    }

    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        List<BufferedImage> photographs = new ArrayList<>();
        for (String file : Arrays.asList(arguments).subList(1, arguments.length)) {
            photographs.add(scaled(ImageIO.read(new File(file)), 1600));
        }
        ImageNetShape shape = new ImageNetShape(photographs);
        for (int c = 0; c < CLASSES; c++) {
            String name = String.format("n%08d", 1440764 + 17 * c);
            shape.write(folder.resolve("train/" + name + "/" + name + "_" + (c * 7 + 1) + ".JPEG"), c);
            shape.write(folder.resolve(String.format("val/%s/ILSVRC2012_val_%08d.JPEG", name, c + 1)), c + 3);
        }
        for (int i = 0; i < PROBES; i++) {
            Path file = folder.resolve("probe/" + i + ".png");
            Files.createDirectories(file.getParent());
            ImageIO.write(shape.part(256, 256, BufferedImage.TYPE_INT_RGB), "png", file.toFile());
        }
    }

    /** Limited in size to save memory, and converted to RGB. */
    private static BufferedImage scaled(BufferedImage image, int width) {
        int least = Math.min(width, image.getWidth());
        BufferedImage smaller =
                new BufferedImage(least, image.getHeight() * least / image.getWidth(), BufferedImage.TYPE_INT_RGB);
        draw(image, 0, 0, image.getWidth(), image.getHeight(), smaller);
        return smaller;
    }

    private static void draw(BufferedImage from, int x, int y, int width, int height, BufferedImage to) {
        Graphics2D graphics = to.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BICUBIC);
        graphics.drawImage(from, 0, 0, to.getWidth(), to.getHeight(), x, y, x + width, y + height, null);
        graphics.dispose();
    }

    /** A random part of a random photograph, at least a quarter of each side, scaled to this size. */
    private BufferedImage part(int width, int height, int type) {
        BufferedImage photograph = photographs.get(random.nextInt(photographs.size()));
        double largest = Math.min((double) photograph.getWidth() / width, (double) photograph.getHeight() / height);
        double scale = largest * (0.25 + 0.75 * random.nextDouble());
        int wide = (int) (width * scale);
        int high = (int) (height * scale);
        BufferedImage part = new BufferedImage(width, height, type);
        draw(
                photograph,
                random.nextInt(photograph.getWidth() - wide + 1),
                random.nextInt(photograph.getHeight() - high + 1),
                wide,
                high,
                part);
        return part;
    }

    private void write(Path file, int number) throws IOException {
        Files.createDirectories(file.getParent());
        boolean upright = number % 5 == 4;
        int type = number % 50 == 7 ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_INT_RGB;
        int small = number % 90 == 11 ? 4 : 1;
        BufferedImage image = part((upright ? 375 : 500) / small, (upright ? 500 : 375) / small, type);
        if (number % 100 == 13) {
            ImageIO.write(image, "png", file.toFile());
        } else {
            Files.write(file, jpeg(image));
        }
    }

    private byte[] jpeg(BufferedImage image) throws IOException {
        ImageWriteParam parameters = writer.getDefaultWriteParam();
        parameters.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
        parameters.setCompressionQuality(QUALITY);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ImageOutputStream out = ImageIO.createImageOutputStream(bytes)) {
            writer.setOutput(out);
            writer.write(null, new IIOImage(image, null, null), parameters);
        }
        return bytes.toByteArray();
    }
}
