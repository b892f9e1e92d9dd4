package dev.lockstep.study;

import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * Where the error leaves the baseline's as the minibatch grows (Figure 1).
 *
 * @param flat the largest minibatch up to which every one matches the baseline; 0 where the smallest does not
 * @param worse the smallest minibatch that is worse by more than the margin; 0 for none
 * @param p the largest p-value among the tests behind {@code flat} and {@code worse}: all of them must hold
 */
record Elbow(Verdict verdict, int flat, int worse, double p) {
    /** A minibatch against the baseline, with the p-values of the four tests. */
    record Point(int minibatch, double matches, double worse, double notWorse, double noMatch) {
        static Point of(int minibatch, Difference difference, double margin) {
            return new Point(
                    minibatch,
                    difference.pWithin(margin),
                    difference.pAbove(margin),
                    difference.pBelow(margin),
                    difference.pBeyond(margin));
        }
    }

    /**
     * @param unordered at least one
     */
    static Elbow of(List<Point> unordered, double level) {
        List<Point> points = unordered.stream()
                .sorted(Comparator.comparingInt(Point::minibatch))
                .toList();
        int flat = (int) points.stream().takeWhile(p -> p.matches < level).count();
        OptionalInt worse = IntStream.range(0, points.size())
                .filter(i -> points.get(i).worse < level)
                .findFirst();
        double p = DoubleStream.concat(
                        points.stream().limit(Math.max(1, flat)).mapToDouble(Point::matches),
                        DoubleStream.of(points.get(worse.orElse(points.size() - 1)).worse))
                .max()
                .orElseThrow();
        return new Elbow(
                verdict(points, flat, worse, level),
                flat == 0 ? 0 : points.get(flat - 1).minibatch,
                worse.isPresent() ? points.get(worse.getAsInt()).minibatch : 0,
                p);
    }

    private static Verdict verdict(List<Point> points, int flat, OptionalInt worse, double level) {
        if (flat > 0
                && worse.isPresent()
                && points.stream().skip(worse.getAsInt()).noneMatch(p -> p.matches < level)) {
            return Verdict.HOLDS;
        }
        boolean neverFlat = points.get(0).noMatch < level;
        boolean flatToTheEnd = points.get(points.size() - 1).notWorse < level;
        return neverFlat || flatToTheEnd ? Verdict.DOES_NOT_HOLD : Verdict.NOT_ENOUGH_SEEDS;
    }
}
