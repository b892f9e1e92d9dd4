package dev.lockstep.study;

import java.util.List;
import java.util.stream.IntStream;

/**
 * The distance between two sets of curves: the mean over epochs of |mean over the variant's seeds − mean over the
 * baseline's seeds|. Differences of opposite sign do not cancel when curves cross.
 *
 * <p>Standard error: with the sign s(e) of each epoch's difference held fixed, the distance is a difference of two
 * means of one number per seed, Σ s(e)·error(e) / epochs, so Welch's interval applies. The estimate is never below the
 * one with the true signs, so its upper bound is conservative. Noise alone makes the estimate positive, by {@link
 * #noise} on average, which the lower bound subtracts.
 *
 * @param distance the distance with its standard error
 * @param noise the expected distance from noise alone: √(2/π) times the mean standard error over the epochs
 */
record CurveDistance(Difference distance, double noise) {
    /**
     * @param variant one curve per seed, all of the same length
     * @param baseline likewise
     */
    static CurveDistance between(List<double[]> variant, List<double[]> baseline) {
        int epochs = variant.get(0).length;
        double[] signs = new double[epochs];
        double errors = 0;
        for (int e = 0; e < epochs; e++) {
            Difference atEpoch = Difference.of(column(variant, e), column(baseline, e));
            signs[e] = Math.signum(atEpoch.value());
            errors += atEpoch.standardError();
        }
        Difference distance = Difference.of(signed(variant, signs), signed(baseline, signs));
        return new CurveDistance(distance, Math.sqrt(2 / Math.PI) * errors / epochs);
    }

    private static Sample column(List<double[]> curves, int epoch) {
        return new Sample(curves.stream().mapToDouble(curve -> curve[epoch]).toArray());
    }

    private static Sample signed(List<double[]> curves, double[] signs) {
        return new Sample(curves.stream()
                .mapToDouble(curve -> IntStream.range(0, signs.length)
                                .mapToDouble(e -> signs[e] * curve[e])
                                .sum()
                        / signs.length)
                .toArray());
    }

    /** The p-value of the test that the distance is below {@code margin}. */
    double pWithin(double margin) {
        return distance.pBelow(margin);
    }

    /** The p-value of the test that the distance is above {@code margin}. */
    double pBeyond(double margin) {
        return distance.pAbove(margin + noise);
    }
}
