package dev.lockstep.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Suggests the reference rate from a learning-rate range sweep (Smith 2017): the rate rises exponentially from step to
 * step while the loss first stays, then falls, then diverges. The suggestion is the rate where the smoothed loss falls
 * fastest per decade of the rate, and never more than a fifth of the rate at which training breaks.
 */
public final class RangeSweep {
    /** Beyond the lowest loss by this share of the fall, training counts as broken. */
    private static final double BROKEN = 0.5;

    private static final double SAFETY = 5;
    private static final double MEMORY_STEPS = 10;
    private static final double WINDOW_DECADES = 0.25;
    private static final int FEWEST_POINTS = 10;

    private RangeSweep() {}

    /** The loss of one step at a rate. */
    public record Point(double rate, double loss) {}

    /**
     * @param rate the suggested η
     * @param steepest the rate of the fastest fall
     * @param broken the rate at which training broke; NaN when the sweep ended before
     */
    public record Suggestion(double rate, double steepest, double broken) {}

    /** The rates of a sweep: geometric from low to high. */
    public static double[] rates(double low, double high, int steps) {
        if (!(low > 0) || !(high > low) || steps < 2) {
            throw new IllegalArgumentException("low = " + low + ", high = " + high + ", steps = " + steps
                    + ": must be 0 < low < high and at least 2 steps");
        }
        double[] rates = new double[steps];
        for (int i = 0; i < steps; i++) {
            rates[i] = low * Math.pow(high / low, (double) i / (steps - 1));
        }
        return rates;
    }

    /**
     * @param sweep by rising rate; ends early, or with losses that are not finite, where training diverged
     * @return empty when the loss never falls: the sweep started too high, ended too low or was too short
     */
    public static Optional<Suggestion> suggest(List<Point> sweep) {
        List<Point> smooth = smoothed(sweep);
        if (smooth.size() < FEWEST_POINTS) {
            return Optional.empty();
        }
        int lowest = indexOfLowest(smooth);
        double fall = smooth.get(FEWEST_POINTS - 1).loss - smooth.get(lowest).loss;
        if (fall <= noise(sweep, smooth.size())) {
            return Optional.empty();
        }
        double broken = brokenAt(sweep, smooth, lowest, fall);
        double steepest = steepest(smooth.subList(0, lowest + 1));
        double limit = Double.isNaN(broken) ? steepest : Math.min(steepest, broken / SAFETY);
        return Optional.of(new Suggestion(limit, steepest, broken));
    }

    /** Exponential average without the bias of its start, up to the first loss that is not finite. */
    static List<Point> smoothed(List<Point> sweep) {
        List<Point> smooth = new ArrayList<>();
        double decay = 1 - 1 / MEMORY_STEPS;
        double sum = 0;
        double weight = 0;
        for (Point point : sweep) {
            if (!Double.isFinite(point.loss)) {
                break;
            }
            sum = decay * sum + (1 - decay) * point.loss;
            weight = decay * weight + (1 - decay);
            smooth.add(new Point(point.rate, sum / weight));
        }
        return smooth;
    }

    private static int indexOfLowest(List<Point> points) {
        return points.indexOf(
                points.stream().min(Comparator.comparingDouble(Point::loss)).orElseThrow());
    }

    private static double brokenAt(List<Point> sweep, List<Point> smooth, int lowest, double fall) {
        return smooth.subList(lowest, smooth.size()).stream()
                .filter(point -> point.loss > smooth.get(lowest).loss + BROKEN * fall)
                .mapToDouble(Point::rate)
                .findFirst()
                .orElse(smooth.size() < sweep.size() ? sweep.get(smooth.size()).rate : Double.NaN);
    }

    /** The middle of the quarter of a decade over which the loss falls most. */
    private static double steepest(List<Point> falling) {
        double best = Double.NEGATIVE_INFINITY;
        double rate = falling.get(falling.size() - 1).rate;
        int from = 0;
        for (int to = 1; to < falling.size(); to++) {
            while (Math.log10(falling.get(to).rate / falling.get(from).rate) > WINDOW_DECADES) {
                from++;
            }
            double slope = falling.get(from).loss - falling.get(to).loss;
            if (slope > best) {
                best = slope;
                rate = Math.sqrt(falling.get(from).rate * falling.get(to).rate);
            }
        }
        return rate;
    }

    /** The fall that noise alone may show: five standard errors of a difference of smoothed losses. */
    private static double noise(List<Point> sweep, int points) {
        double[] differences = IntStream.range(1, points)
                .mapToDouble(i -> Math.abs(sweep.get(i).loss - sweep.get(i - 1).loss))
                .sorted()
                .toArray();
        // The median |difference| of two normal numbers is 0.954 σ; an average over m steps has variance σ²/(2m − 1).
        double deviation = differences[differences.length / 2] / 0.954;
        return 5 * deviation * Math.sqrt(2 / (2 * MEMORY_STEPS - 1));
    }
}
