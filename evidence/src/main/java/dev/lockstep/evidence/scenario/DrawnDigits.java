package dev.lockstep.evidence.scenario;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.AffineTransform;
import java.awt.geom.Path2D;
import java.awt.geom.Point2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Random;
import javax.imageio.ImageIO;

/**
 * Digits drawn with a wavering pen, as gray PNG files of 28 × 28 pixels in one folder per class. No dataset of
 * handwriting is packaged for Debian, so these stand in for one: each digit is a path through a few points, all of which
 * move at random; then it is slanted, turned, scaled and shifted, drawn with a pen of random width, and gets noise.
 */
final class DrawnDigits {
    private static final int SIDE = 28;

    /** One way to write each digit, or two, as strokes through points in the unit square; y points down. */
    private static final double[][][][] WAYS = {
        {{{.5, .1, .2, .3, .2, .7, .5, .9, .8, .7, .8, .3, .5, .1}}},
        {{{.5, .1, .5, .9}}, {{.3, .3, .55, .1, .55, .9}}},
        {{{.2, .3, .5, .1, .8, .3, .5, .6, .2, .9, .8, .9}}},
        {{{.2, .2, .5, .1, .75, .3, .5, .48, .8, .7, .5, .9, .2, .8}}},
        {{{.6, .1, .2, .6, .85, .6}, {.65, .35, .6, .9}}, {{.25, .1, .25, .5, .75, .5}, {.75, .1, .75, .9}}},
        {{{.75, .1, .3, .1, .27, .45, .6, .42, .8, .65, .6, .9, .2, .82}}},
        {{{.65, .1, .3, .4, .22, .7, .5, .9, .75, .7, .5, .52, .25, .68}}},
        {{{.2, .12, .8, .12, .45, .9}}, {{.2, .12, .8, .12, .45, .9}, {.35, .5, .7, .5}}},
        {{{.5, .48, .25, .3, .5, .1, .75, .3, .5, .48, .22, .7, .5, .9, .78, .7, .5, .48}}},
        {{{.75, .3, .5, .12, .25, .3, .5, .5, .75, .3, .7, .6, .6, .9}}},
    };

    private final Random random;

    private DrawnDigits(long seed) {
        this.random = new Random(seed);
    }

    /** Writes {@code folder/DIGIT/NNNN.png}, the same files for the same seed. */
    static void write(Path folder, int perClass, long seed) throws IOException {
        DrawnDigits pen = new DrawnDigits(seed);
        for (int digit = 0; digit < WAYS.length; digit++) {
            Path group = Files.createDirectories(folder.resolve(String.valueOf(digit)));
            for (int i = 0; i < perClass; i++) {
                Path file = group.resolve(String.format(Locale.ROOT, "%04d.png", i));
                ImageIO.write(pen.draw(WAYS[digit]), "png", file.toFile());
            }
        }
    }

    private BufferedImage draw(double[][][] ways) {
        BufferedImage image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_BYTE_GRAY);
        Graphics2D canvas = image.createGraphics();
        canvas.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        canvas.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
        canvas.setColor(Color.getHSBColor(0, 0, (float) between(0.6, 1)));
        canvas.setStroke(new BasicStroke((float) between(1.4, 3.6), BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
        AffineTransform hand = hand();
        for (double[] stroke : ways[random.nextInt(ways.length)]) {
            canvas.draw(curve(stroke, hand));
        }
        canvas.dispose();
        noise(image);
        return image;
    }

    /** Slant, turn, scale and shift of one digit. */
    private AffineTransform hand() {
        AffineTransform hand = new AffineTransform();
        hand.translate(SIDE / 2.0 + 1.5 * random.nextGaussian(), SIDE / 2.0 + 1.5 * random.nextGaussian());
        hand.rotate(0.15 * random.nextGaussian());
        hand.shear(0.2 * random.nextGaussian(), 0);
        hand.scale(between(14, 22), between(17, 23));
        hand.translate(-0.5, -0.5);
        return hand;
    }

    /** A smooth curve through points that have moved a little: quadratic segments that meet halfway between them. */
    private Path2D curve(double[] points, AffineTransform hand) {
        Point2D[] moved = new Point2D[points.length / 2];
        for (int i = 0; i < moved.length; i++) {
            Point2D point = new Point2D.Double(
                    points[2 * i] + 0.055 * random.nextGaussian(), points[2 * i + 1] + 0.055 * random.nextGaussian());
            moved[i] = hand.transform(point, null);
        }
        Path2D path = new Path2D.Double();
        path.moveTo(moved[0].getX(), moved[0].getY());
        for (int i = 1; i < moved.length - 1; i++) {
            double share = i == moved.length - 2 ? 1 : 0.5;
            path.quadTo(
                    moved[i].getX(),
                    moved[i].getY(),
                    moved[i].getX() + share * (moved[i + 1].getX() - moved[i].getX()),
                    moved[i].getY() + share * (moved[i + 1].getY() - moved[i].getY()));
        }
        path.lineTo(moved[moved.length - 1].getX(), moved[moved.length - 1].getY());
        return path;
    }

    private void noise(BufferedImage image) {
        for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++) {
                double value = image.getRaster().getSample(x, y, 0) + 12 * random.nextGaussian();
                image.getRaster().setSample(x, y, 0, (int) Math.max(0, Math.min(255, value)));
            }
        }
    }

    private double between(double low, double high) {
        return low + (high - low) * random.nextDouble();
    }
}
