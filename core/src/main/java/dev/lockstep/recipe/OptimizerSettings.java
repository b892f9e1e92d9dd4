package dev.lockstep.recipe;

import dev.lockstep.recipe.Recipe.WeightDecayRate;
import java.util.List;

/**
 * The settings of one kind of optimizer: a record whose components are the keys below {@code optimizer}, but for {@code
 * kind}, which chooses the record. See {@link OptimizerKind}.
 */
public interface OptimizerSettings {
    /** λ, the weight decay of decayed parameters. */
    double weightDecay();

    /** The rate that multiplies weight decay. */
    default WeightDecayRate weightDecayRate() {
        return WeightDecayRate.SCALED;
    }

    /** Whether biases are decayed. */
    boolean decayBias();

    /** Whether γ and β of normalization layers are decayed. */
    boolean decayNorm();

    /**
     * The names of the buffers that the optimizer keeps from step to step, such as {@code momentum}. Each holds one number
     * per parameter, starts at zero and is saved in checkpoints as {@code optimizer.<name>.<parameter>}.
     */
    List<String> state();
}
