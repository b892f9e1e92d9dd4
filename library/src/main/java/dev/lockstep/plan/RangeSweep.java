package dev.lockstep.plan;

import java.util.List;

/**
 * Short trainings from the same initial weights that differ in the learning rate alone, and the rate they suggest. Swept at
 * the reference minibatch: the linear scaling rule multiplies whatever it is given (paper, section 2.1).
 *
 * @param trials in ascending order of their rates
 */
public record RangeSweep(List<Trial> trials) {
    /** A rate counts as good when it gets this far from the initial loss to the best one. */
    private static final double GOOD = 0.9;

    /**
     * One short training.
     *
     * @param loss mean over its last steps; infinite when it diverged
     */
    public record Trial(double rate, double loss) {}

    /**
     * What the sweep says.
     *
     * @param suggestion the rate with the lowest loss
     * @param lowestGood the lowest rate next to it that does nearly as well
     * @param highestGood the highest such rate
     * @param atEdge the suggestion is the first or last rate that was tried: a wider sweep may find a better one
     */
    public record Result(double suggestion, double lowestGood, double highestGood, boolean atEdge) {}

    public RangeSweep {
        trials = List.copyOf(trials);
        if (trials.isEmpty()) {
            throw new IllegalArgumentException("trials = []: a sweep needs at least one");
        }
    }

    /** Rates from {@code low} to {@code high}, each the same factor above the one before. */
    public static double[] rates(double low, double high, int count) {
        double[] rates = new double[count];
        for (int i = 0; i < count; i++) {
            rates[i] = count == 1 ? low : low * Math.pow(high / low, (double) i / (count - 1));
        }
        return rates;
    }

    /**
     * @param initialLoss before training, such as the logarithm of the number of classes
     * @throws IllegalStateException when no trial got below the initial loss
     */
    public Result result(double initialLoss) {
        int best = 0;
        for (int i = 1; i < trials.size(); i++) {
            if (trials.get(i).loss < trials.get(best).loss) {
                best = i;
            }
        }
        double bestLoss = trials.get(best).loss;
        if (!(bestLoss < initialLoss)) {
            throw new IllegalStateException("no rate brought the loss below " + initialLoss);
        }
        double limit = initialLoss - GOOD * (initialLoss - bestLoss);
        int low = best;
        while (low > 0 && trials.get(low - 1).loss <= limit) {
            low--;
        }
        int high = best;
        while (high < trials.size() - 1 && trials.get(high + 1).loss <= limit) {
            high++;
        }
        boolean atEdge = best == 0 || best == trials.size() - 1;
        return new Result(trials.get(best).rate, trials.get(low).rate, trials.get(high).rate, atEdge);
    }
}
