package dev.lockstep.image.transform;

import dev.lockstep.sampling.KeyedRandom;
import java.util.Arrays;

/**
 * Random color changes as in fb.resnet.torch: brightness, contrast and saturation, each by a factor in [0.6, 1.4], in
 * random order; then, optionally, PCA lighting (AlexNet's noise along the principal components of ImageNet's colors,
 * with deviation 0.1). Values are not clamped.
 *
 * <p>Numbers drawn from the random stream: two for the order, three factors in that order, then three normal numbers
 * for lighting.
 */
record ColorJitter(boolean lighting) {
    private static final double STRENGTH = 0.4;
    private static final double LIGHTING = 0.1;
    private static final float RED = 0.299f;
    private static final float GREEN = 0.587f;
    private static final float BLUE = 0.114f;

    /** The eigenvalues of the covariance of ImageNet's colors in [0, 1]. The eigenvectors have one row per channel. */
    private static final double[] EIGENVALUES = {0.2175, 0.0188, 0.0045};

    private static final double[][] EIGENVECTORS = {
        {-0.5675, 0.7192, 0.4009}, {-0.5808, -0.0045, -0.8140}, {-0.5836, -0.6948, 0.4203}
    };

    private enum Change {
        BRIGHTNESS,
        CONTRAST,
        SATURATION
    }

    /** Receives the finished rows of an image, from top to bottom. */
    interface Finished {
        /** Takes a row, which it may change; it is valid until the next one. */
        void accept(float[] row);
    }

    /**
     * Changes an image in two passes over its rows, which fit into the fastest cache: up to the contrast, which needs the
     * mean of the whole image, and the rest. Values and their rounding are those of one change after another.
     *
     * <p>The JIT compiler vectorizes loops over two arrays only if they run over the same indices, so the second pass
     * works on a copy of each row.
     *
     * @param pixels interleaved RGB in [0, 255], overwritten
     * @param length the number of values in a row
     */
    void apply(float[] pixels, int length, KeyedRandom random, Finished finished) {
        Change[] order = Change.values();
        swap(order, 2, random.nextInt(3));
        swap(order, 1, random.nextInt(2));
        float[] factors = new float[order.length];
        for (int i = 0; i < order.length; i++) {
            factors[i] = (float) random.nextDouble(1 - STRENGTH, 1 + STRENGTH);
        }
        float[] light = lighting ? light(random, length) : new float[0];
        int contrast = Arrays.asList(order).indexOf(Change.CONTRAST);
        double sum = 0;
        for (int from = 0; from < pixels.length; from += length) {
            for (int i = 0; i < contrast; i++) {
                change(order[i], pixels, from, from + length, factors[i], 0);
            }
            sum = addGray(sum, pixels, from, from + length);
        }
        float meanGray = (float) (sum / (pixels.length / 3));
        float[] row = new float[length];
        for (int from = 0; from < pixels.length; from += length) {
            System.arraycopy(pixels, from, row, 0, length);
            for (int i = contrast; i < order.length; i++) {
                change(order[i], row, 0, length, factors[i], meanGray);
            }
            if (lighting) {
                add(row, light);
            }
            finished.accept(row);
        }
    }

    private static void swap(Change[] order, int i, int j) {
        Change swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
    }

    private static void change(Change change, float[] pixels, int from, int to, float factor, float meanGray) {
        switch (change) {
            case BRIGHTNESS -> blend(pixels, from, to, factor, 0);
            case CONTRAST -> blend(pixels, from, to, factor, meanGray);
            case SATURATION -> saturate(pixels, from, to, factor);
        }
    }

    /** Moves every value toward (or away from) {@code target}. */
    private static void blend(float[] pixels, int from, int to, float factor, float target) {
        float rest = (1 - factor) * target;
        for (int i = from; i < to; i++) {
            pixels[i] = factor * pixels[i] + rest;
        }
    }

    private static double addGray(double sum, float[] pixels, int from, int to) {
        double total = sum;
        for (int i = from; i < to; i += 3) {
            total += gray(pixels, i);
        }
        return total;
    }

    private static void saturate(float[] pixels, int from, int to, float factor) {
        for (int i = from; i < to; i += 3) {
            float rest = (1 - factor) * gray(pixels, i);
            pixels[i] = factor * pixels[i] + rest;
            pixels[i + 1] = factor * pixels[i + 1] + rest;
            pixels[i + 2] = factor * pixels[i + 2] + rest;
        }
    }

    /** The light's shift of each value of a row. */
    private static float[] light(KeyedRandom random, int length) {
        double[] alpha = new double[3];
        for (int i = 0; i < 3; i++) {
            alpha[i] = LIGHTING * random.nextGaussian() * EIGENVALUES[i] * 255;
        }
        float[] light = new float[length];
        for (int i = 0; i < length; i++) {
            double[] vector = EIGENVECTORS[i % 3];
            light[i] =
                    i < 3 ? (float) (vector[0] * alpha[0] + vector[1] * alpha[1] + vector[2] * alpha[2]) : light[i - 3];
        }
        return light;
    }

    private static void add(float[] row, float[] light) {
        for (int i = 0; i < row.length; i++) {
            row[i] += light[i];
        }
    }

    private static float gray(float[] pixels, int i) {
        return RED * pixels[i] + GREEN * pixels[i + 1] + BLUE * pixels[i + 2];
    }
}
