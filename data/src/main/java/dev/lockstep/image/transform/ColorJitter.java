package dev.lockstep.image.transform;

import dev.lockstep.sampling.KeyedRandom;

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

    /**
     * @param pixels interleaved RGB in [0, 255], changed in place
     */
    void apply(float[] pixels, KeyedRandom random) {
        Change[] order = Change.values();
        swap(order, 2, random.nextInt(3));
        swap(order, 1, random.nextInt(2));
        for (Change change : order) {
            float factor = (float) random.nextDouble(1 - STRENGTH, 1 + STRENGTH);
            switch (change) {
                case BRIGHTNESS -> blend(pixels, factor, 0);
                case CONTRAST -> blend(pixels, factor, meanGray(pixels));
                case SATURATION -> saturate(pixels, factor);
            }
        }
        if (lighting) {
            light(pixels, random);
        }
    }

    private static void swap(Change[] order, int i, int j) {
        Change swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
    }

    /** Moves every value toward (or away from) {@code target}. */
    private static void blend(float[] pixels, float factor, float target) {
        float rest = (1 - factor) * target;
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = factor * pixels[i] + rest;
        }
    }

    private static float meanGray(float[] pixels) {
        double sum = 0;
        for (int i = 0; i < pixels.length; i += 3) {
            sum += gray(pixels, i);
        }
        return (float) (sum / (pixels.length / 3));
    }

    private static void saturate(float[] pixels, float factor) {
        for (int i = 0; i < pixels.length; i += 3) {
            float rest = (1 - factor) * gray(pixels, i);
            pixels[i] = factor * pixels[i] + rest;
            pixels[i + 1] = factor * pixels[i + 1] + rest;
            pixels[i + 2] = factor * pixels[i + 2] + rest;
        }
    }

    private static void light(float[] pixels, KeyedRandom random) {
        double[] alpha = new double[3];
        for (int i = 0; i < 3; i++) {
            alpha[i] = LIGHTING * random.nextGaussian() * EIGENVALUES[i] * 255;
        }
        for (int channel = 0; channel < 3; channel++) {
            double[] vector = EIGENVECTORS[channel];
            float shift = (float) (vector[0] * alpha[0] + vector[1] * alpha[1] + vector[2] * alpha[2]);
            for (int i = channel; i < pixels.length; i += 3) {
                pixels[i] += shift;
            }
        }
    }

    private static float gray(float[] pixels, int i) {
        return RED * pixels[i] + GREEN * pixels[i + 1] + BLUE * pixels[i + 2];
    }
}
