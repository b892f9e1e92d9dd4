package dev.lockstep.plan;

import dev.lockstep.errors.LockstepException;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.schedule.Scaling;
import java.util.List;

/**
 * Short training runs from the same initial weights that differ only in the learning rate, and the rate they suggest.
 * Swept at the reference minibatch: the linear scaling rule multiplies any rate (paper, section 2.1).
 *
 * @param trials in ascending order of their rates
 */
public record RangeSweep(List<Trial> trials) {
    /** A rate counts as good if it covers this fraction of the way from the initial loss to the best one. */
    private static final double GOOD = 0.9;

    /**
     * One short training run.
     *
     * @param loss mean over its last steps; infinite when it diverged
     */
    public record Trial(double rate, double loss) {}

    /**
     * The result of the sweep.
     *
     * @param suggestion the rate with the lowest loss
     * @param lowestGood the lowest rate adjacent to it that does nearly as well
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

    /**
     * Rates from {@code low} to {@code high}, each larger than the previous one by the same factor; a single rate if
     * the two are equal.
     */
    public static double[] rates(double low, double high, int most) {
        int count = low == high ? 1 : most;
        double[] rates = new double[count];
        for (int i = 0; i < count; i++) {
            rates[i] = count == 1 ? low : low * Math.pow(high / low, (double) i / (count - 1));
        }
        return rates;
    }

    /**
     * The recipe of one trial: the reference minibatch with one rate, which falls to a tenth for the last third, so that
     * the result reflects the rate's progress rather than the noise of its steps. A recipe with a smaller minibatch is swept
     * at its own, with the rate that its scaling gives it: that takes less time, and a small set has no larger one.
     *
     * @param steps that the trial takes; the recipe may have more
     * @param images in the training set
     * @throws LockstepException when whole workers do not make up the reference minibatch
     */
    public static Recipe trial(Recipe recipe, double rate, int steps, int images) {
        int minibatch = recipe.learningRate().referenceMinibatch();
        int n = recipe.imagesPerWorker();
        if (minibatch % n != 0) {
            throw LockstepException.recipe(
                    "learning-rate.reference-minibatch = " + minibatch + " is no multiple of images-per-worker = " + n,
                    "the sweep runs the reference minibatch on whole workers",
                    "change one of them");
        }
        double used = rate;
        if (recipe.minibatch() < minibatch) {
            used = recipe.learningRate().scaling().scale(rate, recipe.minibatch(), minibatch);
            minibatch = recipe.minibatch();
        }
        int perEpoch = Math.max(1, images / minibatch);
        double fall = (double) (steps - steps / 3) / perEpoch;
        Recipe.WarmupSettings warmup = new Recipe.WarmupSettings(
                Recipe.WarmupKind.NONE, recipe.learningRate().warmup().epochs());
        Recipe.Schedule schedule = new Recipe.Schedule(Recipe.ScheduleKind.STEP, List.of(fall), 0.1);
        Recipe.Rate trial = new Recipe.Rate(
                used,
                minibatch,
                Scaling.NONE,
                warmup,
                schedule,
                recipe.learningRate().factors());
        return recipe.withWorkers(minibatch / n)
                .withEpochs((steps + perEpoch - 1) / perEpoch)
                .withLearningRate(trial);
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
