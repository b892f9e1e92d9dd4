package dev.lockstep.recipe;

import static dev.lockstep.recipe.Ranges.LARGEST;
import static dev.lockstep.recipe.Ranges.above;
import static dev.lockstep.recipe.Ranges.atLeast;
import static dev.lockstep.recipe.Ranges.require;

import java.util.List;

/**
 * Layer-wise adaptive rate scaling (You, Gitman, Ginsburg 2017): each layer's step is a fraction of the norm of its weights.
 * Biases, γ and β are neither decayed nor scaled.
 */
public record LarsSettings(
        @Default("0.9") double momentum,
        @Default("0.0001") double weightDecay,
        @Default("0.001") double trustCoefficient,
        @Default("0.00000001") double epsilon)
        implements OptimizerSettings {
    /** The state buffer. */
    public static final String MOMENTUM = "momentum";

    /**
     * @param momentum m, the weight of the old velocity
     * @param weightDecay λ, added once to the aggregated gradient, and part of the trust ratio
     * @param trustCoefficient the fraction of its norm by which a layer moves in a step at a learning rate of 1
     * @param epsilon added to the denominator of the trust ratio
     */
    public LarsSettings {
        require(momentum >= 0 && momentum < 1, "momentum", momentum, "must be at least 0 and below 1");
        atLeast("weight-decay", weightDecay, 0, LARGEST);
        above("trust-coefficient", trustCoefficient, 0, LARGEST);
        atLeast("epsilon", epsilon, 0, LARGEST);
    }

    @Override
    public boolean decayBias() {
        return false;
    }

    @Override
    public boolean decayNorm() {
        return false;
    }

    @Override
    public List<String> state() {
        return List.of(MOMENTUM);
    }
}
