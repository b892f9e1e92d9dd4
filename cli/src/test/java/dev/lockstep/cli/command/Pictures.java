package dev.lockstep.cli.command;

import dev.lockstep.image.ImageData;
import dev.lockstep.image.codec.ImageCodec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/** Writes pictures for tests. */
final class Pictures {
    private Pictures() {}

    /** A JPEG file of a bright disk on a dark ground; even keys are red, odd ones blue. */
    static void write(Path file, int width, int height, int key) throws IOException {
        Random random = new Random(key);
        byte[] values = new byte[width * height * 3];
        double centerX = width * (0.3 + 0.4 * random.nextDouble());
        double centerY = height * (0.3 + 0.4 * random.nextDouble());
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                boolean disk = Math.hypot(x - centerX, y - centerY) < width / 4.0;
                int at = 3 * (y * width + x);
                for (int channel = 0; channel < 3; channel++) {
                    boolean bright = disk && channel == (key % 2 == 0 ? 0 : 2);
                    values[at + channel] = (byte) (random.nextInt(40) + (bright ? 200 : 0));
                }
            }
        }
        Files.createDirectories(file.getParent());
        Files.write(file, ImageCodec.encodeJpeg(new ImageData.Pixels(height, width, 3, values), 90));
    }
}
