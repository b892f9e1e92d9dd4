package dev.lockstep.plan;

import dev.lockstep.network.ResNets;
import dev.lockstep.recipe.Recipe;
import dev.lockstep.recipe.SgdSettings;
import dev.lockstep.sampling.MinibatchPlan;
import java.util.Optional;

/**
 * A recipe on a dataset of known size, with the numbers that checks need.
 *
 * @param minibatch kn
 * @param warmupIterations 0 when there is no warmup or it changes nothing
 * @param ratio η̂/η, the ratio of the scaled rate to the reference rate
 */
record RecipeFacts(
        Recipe recipe,
        int datasetSize,
        int minibatch,
        int iterationsPerEpoch,
        int dropped,
        long warmupIterations,
        double ratio) {

    static RecipeFacts of(Recipe recipe, MinibatchPlan cut) {
        double ratio = recipe.scaledLearningRate() / recipe.learningRate().reference();
        long warmup = ratio > 1 ? recipe.warmupIterations(cut.iterationsPerEpoch()) : 0;
        return new RecipeFacts(
                recipe,
                cut.datasetSize(),
                cut.minibatch(),
                cut.iterationsPerEpoch(),
                cut.droppedPerEpoch(),
                warmup,
                ratio);
    }

    Recipe.Rate rate() {
        return recipe.learningRate();
    }

    Recipe.WarmupSettings warmup() {
        return recipe.learningRate().warmup();
    }

    boolean warmsUp() {
        return warmupIterations > 0;
    }

    /** Whether the minibatch is larger than that of the reference rate. */
    boolean isScaledUp() {
        return minibatch > rate().referenceMinibatch();
    }

    /** Empty for other optimizers: the paper's findings are about momentum SGD. */
    Optional<SgdSettings> sgd() {
        return recipe.optimizer() instanceof SgdSettings sgd ? Optional.of(sgd) : Optional.empty();
    }

    boolean isSgd() {
        return sgd().isPresent();
    }

    /** Whether the network is a residual one for small images. */
    boolean isSmallNetwork() {
        return ResNets.isForSmallImages(recipe.model().name());
    }

    /** Iterations of the whole training. */
    long iterations() {
        return (long) iterationsPerEpoch * recipe.epochs();
    }

    boolean rateChanges() {
        return warmsUp() || rate().schedule().kind() != Recipe.ScheduleKind.CONSTANT;
    }
}
