package dev.lockstep.image.inspect;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.image.BatchLoader;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.ImageShape;
import dev.lockstep.image.ImageTransform;
import dev.lockstep.image.catalog.OpenDataset;
import dev.lockstep.image.codec.ImageCodec;
import dev.lockstep.sampling.KeyedRandom;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * A picture of the network input: one row per sample, first as in evaluation, then as in training in epoch 0, 1, 2, …
 * The pixels come from the transforms that training uses; only the normalization is undone. An image that cannot be
 * read is shown as a gray field with a red cross.
 */
public final class ContactSheet {
    private static final int GAP = 4;
    /** Smaller images are enlarged. */
    private static final int LEAST_SIDE = 96;

    /** A larger sheet would not fit into the memory of a small machine. */
    private static final int MOST_PIXELS = 50_000_000;

    /**
     * A contact sheet.
     *
     * @param png the bytes of the PNG file
     * @param bad one message for each image that could not be read
     */
    public record Drawn(byte[] png, List<String> bad) {}

    private final OpenDataset data;
    private final long seed;
    private final ImageShape shape;
    private final int zoom;
    private final int columns;
    private final byte[] canvas;
    private final int width;
    private final int height;
    private final Set<String> bad = new LinkedHashSet<>();

    private ContactSheet(OpenDataset data, long seed, int rows, int columns) {
        this.data = data;
        this.seed = seed;
        this.shape = data.shape();
        this.zoom = Math.max(1, LEAST_SIDE / shape.width());
        this.columns = columns;
        double wide = (double) columns * (shape.width() * zoom + GAP) + GAP;
        double high = (double) rows * (shape.height() * zoom + GAP) + GAP;
        if (wide * high > MOST_PIXELS) {
            throw LockstepException.recipe(
                    "contact sheet would be too large",
                    "rows = " + rows + ", columns = " + columns + ", limit in pixels = " + MOST_PIXELS,
                    "use fewer rows or epochs");
        }
        this.width = (int) wide;
        this.height = (int) high;
        this.canvas = new byte[width * height * 3];
        Arrays.fill(canvas, (byte) 255);
    }

    /**
     * Draws a sheet.
     *
     * @param seed the recipe's seed
     * @param samples indices into the training set, one per row
     * @param epochs the number of epochs to show, one column each after the first column
     * @throws LockstepException of kind RECIPE when the sheet would be too large
     */
    public static Drawn draw(OpenDataset data, long seed, int[] samples, int epochs) {
        ContactSheet sheet = new ContactSheet(data, seed, samples.length, epochs + 1);
        for (int row = 0; row < samples.length; row++) {
            sheet.drawRow(row, samples[row]);
        }
        byte[] png = ImageCodec.encodePng(new ImageData.Pixels(sheet.height, sheet.width, 3, sheet.canvas));
        return new Drawn(png, List.copyOf(sheet.bad));
    }

    private void drawRow(int row, int sample) {
        for (int column = 0; column < columns; column++) {
            int epoch = Math.max(0, column - 1);
            ImageTransform transform = column == 0 ? data.evaluationTransform() : data.trainingTransform();
            FloatBuffer seen = FloatBuffer.allocate(shape.floats());
            KeyedRandom random = BatchLoader.augmentation(seed, epoch, sample);
            try {
                transform.apply(data.training().image(sample), random, seen);
                drawImage(row, column, seen);
            } catch (LockstepException e) {
                if (e.kind() != LockstepException.Kind.DATA) {
                    throw e;
                }
                bad.add(e.getMessage());
                drawCross(row, column);
            }
        }
    }

    private void drawCross(int row, int column) {
        int wide = shape.width() * zoom;
        int high = shape.height() * zoom;
        for (int y = 0; y < high; y++) {
            for (int x = 0; x < wide; x++) {
                double across = (x + 0.5) / wide;
                double down = (y + 0.5) / high;
                boolean cross = Math.min(Math.abs(across - down), Math.abs(across + down - 1)) < 0.04;
                int to = pixel(row, column, y, x);
                canvas[to] = (byte) (cross ? 220 : 160);
                canvas[to + 1] = (byte) (cross ? 0 : 160);
                canvas[to + 2] = (byte) (cross ? 0 : 160);
            }
        }
    }

    /** The index in the canvas of a pixel of a field. */
    private int pixel(int row, int column, int y, int x) {
        int top = GAP + row * (shape.height() * zoom + GAP);
        int left = GAP + column * (shape.width() * zoom + GAP);
        return ((top + y) * width + left + x) * 3;
    }

    private void drawImage(int row, int column, FloatBuffer seen) {
        for (int y = 0; y < shape.height() * zoom; y++) {
            for (int x = 0; x < shape.width() * zoom; x++) {
                int from = (y / zoom * shape.width() + x / zoom) * shape.channels();
                int to = pixel(row, column, y, x);
                for (int channel = 0; channel < 3; channel++) {
                    int source = Math.min(channel, shape.channels() - 1);
                    canvas[to + channel] = data.spec().normalization().pixel(source, seen.get(from + source));
                }
            }
        }
    }
}
