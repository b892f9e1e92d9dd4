package dev.lockstep.plan;

import java.util.List;
import java.util.Locale;

/**
 * Estimates the gradient noise scale B_simple = tr(Σ) / |G|² (McCandlish et al. 2018), in images: the minibatch at which
 * noise and signal of a gradient are equal, and beyond which a larger minibatch buys little.
 *
 * <p>From E|G_B|² = |G|² + tr(Σ)/B at two sizes, both at hand in every step: B_small = n, each worker's own gradient, and
 * B_big = kn, the aggregate. Signal and noise are averaged separately over the steps, and the ratio is taken last: the
 * average of ratios would be biased. Averages decay exponentially and are corrected for their start at zero.
 *
 * <p>Immutable; its whole state is three numbers.
 *
 * @param signal running average of the estimates of |G|², not corrected
 * @param noise running average of the estimates of tr(Σ), not corrected
 * @param weight how much of an average has been filled, in [0, 1)
 */
public record NoiseScale(double signal, double noise, double weight) {
    /** Steps remembered are about 1 / (1 − DECAY). */
    private static final double DECAY = 0.99;

    public static final NoiseScale UNKNOWN = new NoiseScale(0, 0, 0);

    /**
     * Takes in one step.
     *
     * @param small n, images of a worker
     * @param big kn, images of the minibatch; if it equals {@code small}, nothing can be estimated
     * @param smallSquaredNorm mean over workers of the squared norm of their own gradients
     * @param bigSquaredNorm squared norm of the aggregated gradient
     */
    public NoiseScale plus(double small, double big, double smallSquaredNorm, double bigSquaredNorm) {
        if (big <= small) {
            return this;
        }
        double stepSignal = (big * bigSquaredNorm - small * smallSquaredNorm) / (big - small);
        double stepNoise = (smallSquaredNorm - bigSquaredNorm) / (1 / small - 1 / big);
        return new NoiseScale(
                DECAY * signal + (1 - DECAY) * stepSignal,
                DECAY * noise + (1 - DECAY) * stepNoise,
                DECAY * weight + (1 - DECAY));
    }

    /** |G|², the squared norm of the true gradient; NaN before the first step. */
    public double signalEstimate() {
        return signal / weight;
    }

    /** tr(Σ), the variance of the gradient of one image; NaN before the first step. */
    public double noiseEstimate() {
        return noise / weight;
    }

    /** B_simple in images; NaN while the signal is lost in noise or nothing is known. */
    public double images() {
        return signal > 0 && noise > 0 ? noise / signal : Double.NaN;
    }

    /** Images spent at this minibatch, as a multiple of the minimum: 1 + B / B_simple. */
    public double imagesFactor(double minibatch) {
        return 1 + minibatch / images();
    }

    /** Steps taken at this minibatch, as a multiple of the minimum: 1 + B_simple / B. */
    public double stepsFactor(double minibatch) {
        return 1 + images() / minibatch;
    }

    /** The state, for {@link #of}. */
    public List<Double> state() {
        return List.of(signal, noise, weight);
    }

    /** The estimator with this state; an empty list is {@link #UNKNOWN}. */
    public static NoiseScale of(List<Double> state) {
        return state.isEmpty() ? UNKNOWN : new NoiseScale(state.get(0), state.get(1), state.get(2));
    }

    /** A scale that is known, in images; NaN for one that is not. */
    public static NoiseScale ofImages(double images) {
        return new NoiseScale(1, images, 1);
    }

    /**
     * What the estimate means for a minibatch, and what half and twice that size would change, in one sentence each.
     *
     * @return empty while the scale is unknown
     */
    public String summary(int minibatch) {
        if (Double.isNaN(images())) {
            return "";
        }
        double twice = 2.0 * minibatch;
        return String.format(
                Locale.ROOT,
                "critical minibatch about %s: your %,d spends %.1f × the images per unit of progress; %,.0f would take "
                        + "%.2f × the steps and %.2f × the images",
                rounded(images()),
                minibatch,
                imagesFactor(minibatch),
                twice,
                stepsFactor(twice) / stepsFactor(minibatch),
                imagesFactor(twice) / imagesFactor(minibatch));
    }

    /** Two significant digits: the estimate is not more precise. */
    private static String rounded(double images) {
        double scale = Math.pow(10, Math.floor(Math.log10(images)) - 1);
        return String.format(Locale.ROOT, "%,.0f", Math.max(1, Math.round(images / scale) * scale));
    }
}
