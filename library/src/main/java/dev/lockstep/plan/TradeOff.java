package dev.lockstep.plan;

/**
 * What a minibatch costs in steps and in images, given the gradient noise scale (McCandlish et al. 2018, Eq. 2.11): steps =
 * S·(1 + B_noise/B) and images = E·(1 + B/B_noise), where S is the fewest steps (a minibatch without end) and E the fewest
 * images (the smallest minibatch) that reach some loss.
 *
 * @param noiseScale B_noise in images: the critical minibatch, at which both are twice their least
 */
public record TradeOff(double noiseScale) {
    public TradeOff {
        if (!(noiseScale > 0) || Double.isInfinite(noiseScale)) {
            throw new IllegalArgumentException("noiseScale = " + noiseScale + ": must be a number above 0");
        }
    }

    /** Steps over the fewest steps. */
    public double steps(double minibatch) {
        return 1 + noiseScale / minibatch;
    }

    /** Images over the fewest images. */
    public double images(double minibatch) {
        return 1 + minibatch / noiseScale;
    }

    /** One sentence for the summary of a run. */
    public String sentence(int minibatch) {
        return "gradient noise scale: critical minibatch about " + Numbers.text(rounded(noiseScale)) + " images; your "
                + minibatch + " spends " + Numbers.text(twoDigits(images(minibatch)))
                + " × the images per unit of progress that a tiny minibatch would, and "
                + Numbers.text(twoDigits(steps(minibatch))) + " × the steps of an endless one";
    }

    private static double rounded(double images) {
        return images >= 1 ? twoDigits(images) : 1;
    }

    /** The estimate is no better than that. */
    private static double twoDigits(double value) {
        double unit = Math.pow(10, Math.floor(Math.log10(value)) - 1);
        return Math.round(value / unit) * unit;
    }
}
