package dev.lockstep.image.inspect;

import dev.lockstep.image.BatchLoader;
import dev.lockstep.image.Dataset;
import dev.lockstep.image.ImageData;
import dev.lockstep.image.ImageShape;
import dev.lockstep.image.ImageTransform;
import dev.lockstep.image.Normalisation;
import dev.lockstep.image.catalogue.OpenDataset;
import dev.lockstep.image.codec.ImageCodec;
import dev.lockstep.sampling.KeyedRandom;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * A picture of what the network sees: a row for each sample, first as in evaluation, then as training sees it in epoch 0, 1,
 * 2, … The pixels come out of the very transforms that training uses, and only their normalisation is undone.
 */
public final class ContactSheet {
    private static final int GAP = 4;
    /** Smaller images are drawn with larger pixels. */
    private static final int LEAST_SIDE = 96;

    private final OpenDataset data;
    private final long seed;
    private final ImageShape shape;
    private final int zoom;
    private final int columns;
    private final byte[] canvas;
    private final int width;
    private final int height;

    private ContactSheet(OpenDataset data, long seed, int rows, int columns) {
        this.data = data;
        this.seed = seed;
        this.shape = data.shape();
        this.zoom = Math.max(1, LEAST_SIDE / shape.width());
        this.columns = columns;
        this.width = columns * (shape.width() * zoom + GAP) + GAP;
        this.height = rows * (shape.height() * zoom + GAP) + GAP;
        this.canvas = new byte[width * height * 3];
        Arrays.fill(canvas, (byte) 255);
    }

    /**
     * @param seed of the recipe
     * @param samples indices into the training set, a row each
     * @param epochs columns after the first
     * @return a PNG file
     */
    public static byte[] draw(OpenDataset data, long seed, int[] samples, int epochs) {
        ContactSheet sheet = new ContactSheet(data, seed, samples.length, epochs + 1);
        for (int row = 0; row < samples.length; row++) {
            sheet.drawRow(row, samples[row]);
        }
        return ImageCodec.encodePng(new ImageData.Pixels(sheet.height, sheet.width, 3, sheet.canvas));
    }

    private void drawRow(int row, int sample) {
        for (int column = 0; column < columns; column++) {
            int epoch = Math.max(0, column - 1);
            ImageTransform transform = column == 0 ? data.evaluationTransform() : data.trainingTransform();
            FloatBuffer seen = FloatBuffer.allocate(shape.floats());
            Dataset training = data.training();
            KeyedRandom random = BatchLoader.augmentation(seed, epoch, sample);
            transform.apply(training.image(sample), random, seen);
            drawImage(row, column, seen);
        }
    }

    private void drawImage(int row, int column, FloatBuffer seen) {
        int top = GAP + row * (shape.height() * zoom + GAP);
        int left = GAP + column * (shape.width() * zoom + GAP);
        for (int y = 0; y < shape.height() * zoom; y++) {
            for (int x = 0; x < shape.width() * zoom; x++) {
                int from = (y / zoom * shape.width() + x / zoom) * shape.channels();
                int to = ((top + y) * width + left + x) * 3;
                for (int channel = 0; channel < 3; channel++) {
                    int source = Math.min(channel, shape.channels() - 1);
                    canvas[to + channel] = shown(seen.get(from + source), source);
                }
            }
        }
    }

    private byte shown(float value, int channel) {
        Normalisation normalisation = data.spec().normalisation();
        double pixel = value * normalisation.deviation().get(channel)
                + normalisation.mean().get(channel);
        return (byte) Math.round(255 * Math.min(1, Math.max(0, pixel)));
    }
}
