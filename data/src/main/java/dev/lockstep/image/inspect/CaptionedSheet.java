package dev.lockstep.image.inspect;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.ImageShape;
import dev.lockstep.image.ImageTransform;
import dev.lockstep.image.Normalization;
import dev.lockstep.image.codec.ImageCodec;
import dev.lockstep.sampling.KeyedRandom;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;

/** Images of a dataset as the network sees them, in a grid, each with lines of text below it, as a PNG. */
public final class CaptionedSheet {
    private static final int GAP = 6;
    private static final int LINE = 16;
    private static final double LETTERS = 0.38;
    /** Smaller images are enlarged, so that the text has space. */
    private static final int LEAST_SIDE = 112;

    private static final int COLUMNS = 6;

    /** An image and the text below it. */
    public record Captioned(int index, List<String> lines) {
        public Captioned {
            lines = List.copyOf(lines);
        }
    }

    private final ImageShape shape;
    private final Normalization normalization;
    private final int zoom;
    private final int width;
    private final int height;
    private final byte[] canvas;

    private CaptionedSheet(ImageShape shape, Normalization normalization, int images, int lines) {
        this.shape = shape;
        this.normalization = normalization;
        this.zoom = Math.max(1, (LEAST_SIDE + shape.width() - 1) / shape.width());
        int columns = Math.max(1, Math.min(images, COLUMNS));
        this.width = GAP + columns * (shape.width() * zoom + GAP);
        this.height = GAP + (images + columns - 1) / columns * (shape.height() * zoom + lines * LINE + GAP);
        this.canvas = new byte[Math.multiplyExact(Math.multiplyExact(width, height), 3)];
        Arrays.fill(canvas, (byte) 255);
    }

    /**
     * Draws a sheet. An image that cannot be read stays white.
     *
     * @param transform the evaluation transform
     * @param images with equally many lines each
     * @return the bytes of the PNG file
     */
    public static byte[] draw(
            Dataset dataset, ImageTransform transform, Normalization normalization, List<Captioned> images) {
        int lines = images.isEmpty() ? 0 : images.get(0).lines.size();
        CaptionedSheet sheet = new CaptionedSheet(transform.shape(), normalization, images.size(), lines);
        for (int i = 0; i < images.size(); i++) {
            sheet.place(i, images.get(i), dataset, transform, lines);
        }
        return ImageCodec.encodePng(new ImageData.Pixels(sheet.height, sheet.width, 3, sheet.canvas));
    }

    private void place(int number, Captioned captioned, Dataset dataset, ImageTransform transform, int lines) {
        int wide = shape.width() * zoom;
        int high = shape.height() * zoom;
        int left = GAP + number % COLUMNS * (wide + GAP);
        int top = GAP + number / COLUMNS * (high + lines * LINE + GAP);
        FloatBuffer seen = FloatBuffer.allocate(shape.floats());
        try {
            transform.apply(dataset.image(captioned.index), KeyedRandom.of(captioned.index), seen);
            drawImage(seen, left, top);
        } catch (LockstepException e) {
            if (e.kind() != LockstepException.Kind.DATA) {
                throw e;
            }
        }
        for (int line = 0; line < lines; line++) {
            ImageData.Pixels text = ImageCodec.text(captioned.lines.get(line), wide, LINE, LETTERS);
            for (int y = 0; y < LINE; y++) {
                System.arraycopy(text.values(), y * wide * 3, canvas, at(left, top + high + line * LINE + y), wide * 3);
            }
        }
    }

    private int at(int x, int y) {
        return (y * width + x) * 3;
    }

    private void drawImage(FloatBuffer seen, int left, int top) {
        for (int y = 0; y < shape.height() * zoom; y++) {
            for (int x = 0; x < shape.width() * zoom; x++) {
                int from = (y / zoom * shape.width() + x / zoom) * shape.channels();
                int to = at(left + x, top + y);
                for (int channel = 0; channel < 3; channel++) {
                    int source = Math.min(channel, shape.channels() - 1);
                    canvas[to + channel] = normalization.pixel(source, seen.get(from + source));
                }
            }
        }
    }
}
