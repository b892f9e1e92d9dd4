package dev.lockstep.study;

import java.util.List;
import java.util.stream.IntStream;

/**
 * How far apart two sets of curves are: the mean over the epochs of |mean over the variant's seeds − mean over the
 * baseline's seeds|. Curves that cross do not cancel.
 *
 * <p>Its standard error: with the sign s(e) of each epoch's difference held fixed, the distance is a difference of two
 * means, of one number a seed, Σ s(e)·error(e) / epochs; so Welch's interval holds for it. The estimate never lies below
 * the one with the true signs, so its upper bound errs on the safe side. Noise alone makes the estimate positive, by
 * {@link #noise} on average; the lower bound takes that off.
 *
 * @param distance with its standard error
 * @param noise the distance that noise alone would show: √(2/π) times the epochs' mean standard error
 */
record CurveDistance(Difference distance, double noise) {
    /**
     * @param variant a curve for every seed, all of one length
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

    /** The p-value of the test that shows the distance to be below {@code margin}. */
    double pWithin(double margin) {
        return distance.pBelow(margin);
    }

    /** The p-value of the test that shows the distance to be above {@code margin}. */
    double pBeyond(double margin) {
        return distance.pAbove(margin + noise);
    }
}
