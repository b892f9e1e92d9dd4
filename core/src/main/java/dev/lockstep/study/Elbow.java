package dev.lockstep.study;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The minibatch at which the error departs from the baseline's (paper, Figure 1). Each of the two parts of the claim is
 * wrong with a probability of at most the level: minibatches are tested for a match in ascending order until one fails,
 * and all of them are tested for being worse, with Holm-adjusted p-values.
 *
 * @param verdict whether there is an elbow
 * @param flat the largest minibatch up to which all match the baseline; 0 when the smallest does not
 * @param worse the minibatches that are worse by more than the margin, ascending
 * @param p the largest p-value among the tests behind {@code flat} and the first of {@code worse}, all of which must be
 *     significant
 */
record Elbow(Verdict verdict, int flat, List<Integer> worse, double p) {
    /** A minibatch compared with the baseline: the p-values of the four tests. */
    record Point(int minibatch, double matches, double worse, double notWorse, double noMatch) {
        static Point of(int minibatch, Difference difference, double margin) {
            return new Point(
                    minibatch,
                    difference.pWithin(margin),
                    difference.pAbove(margin),
                    difference.pBelow(margin),
                    difference.pBeyond(margin));
        }

        private Point withWorse(double p) {
            return new Point(minibatch, matches, p, notWorse, noMatch);
        }
    }

    /** @param unordered at least one point */
    static Elbow of(List<Point> unordered, double level) {
        List<Point> points = holm(unordered).stream()
                .sorted(Comparator.comparingInt(Point::minibatch))
                .toList();
        List<Point> flat =
                points.stream().takeWhile(point -> point.matches < level).toList();
        List<Point> worse = points.stream().filter(point -> point.worse < level).toList();
        Point elbow = worse.isEmpty() ? points.get(points.size() - 1) : worse.get(0);
        double p = points.stream()
                .limit(Math.max(1, flat.size()))
                .mapToDouble(Point::matches)
                .reduce(elbow.worse, Math::max);
        return new Elbow(
                verdict(points, flat, worse, level),
                flat.isEmpty() ? 0 : flat.get(flat.size() - 1).minibatch,
                worse.stream().map(Point::minibatch).toList(),
                p);
    }

    /**
     * Holm's adjustment of the p-values for being worse: the i-th smallest of m is multiplied by m − i + 1, then made
     * monotone.
     */
    private static List<Point> holm(List<Point> points) {
        List<Point> sorted = new ArrayList<>(points);
        sorted.sort(Comparator.comparingDouble(Point::worse));
        double least = 0;
        for (int i = 0; i < sorted.size(); i++) {
            least = Math.min(1, Math.max(least, (sorted.size() - i) * sorted.get(i).worse));
            sorted.set(i, sorted.get(i).withWorse(least));
        }
        return sorted;
    }

    private static Verdict verdict(List<Point> points, List<Point> flat, List<Point> worse, double level) {
        if (!flat.isEmpty()
                && !worse.isEmpty()
                && points.stream()
                        .filter(point -> point.minibatch > worse.get(0).minibatch)
                        .noneMatch(point -> point.matches < level)) {
            return Verdict.HOLDS;
        }
        boolean neverFlat = points.get(0).noMatch < level;
        boolean flatToTheEnd = points.get(points.size() - 1).notWorse < level;
        return neverFlat || flatToTheEnd ? Verdict.DOES_NOT_HOLD : Verdict.NOT_ENOUGH_SEEDS;
    }
}
