package dev.lockstep.recipe;

import static dev.lockstep.recipe.Ranges.LARGEST;
import static dev.lockstep.recipe.Ranges.atLeast;
import static dev.lockstep.recipe.Ranges.require;

import dev.lockstep.recipe.Recipe.MomentumForm;
import dev.lockstep.recipe.Recipe.WeightDecayRate;
import java.util.List;

/** Momentum SGD (section 5.1; remarks 1 and 2). */
public record SgdSettings(
        @Default("0.9") double momentum,
        @Default("true") boolean nesterov,
        @Default("gradient") MomentumForm form,
        @Default("true") boolean momentumCorrection,
        @Default("0.0001") double weightDecay,
        @Default("false") boolean decayNorm,
        @Default("true") boolean decayBias,
        @Default("scaled") WeightDecayRate weightDecayRate)
        implements OptimizerSettings {
    /** The state buffer: u of Eq. 9 or v of Eq. 10. */
    public static final String MOMENTUM = "momentum";

    /**
     * @param momentum m, the weight of the old velocity
     * @param nesterov use Nesterov momentum, as the paper does; needs momentum above 0
     * @param form where the learning rate enters the update
     * @param momentumCorrection in the velocity form, multiply v by η(t+1)/η(t) when the rate changes; {@code false}
     *     shows the pitfall of remark 2
     * @param weightDecay λ, added once to the aggregated gradient
     * @param decayNorm also decay γ and β of batch norm; the paper does not
     * @param decayBias also decay biases; the paper does
     * @param weightDecayRate the rate that multiplies weight decay
     */
    public SgdSettings {
        require(momentum >= 0 && momentum < 1, "momentum", momentum, "must be at least 0 and below 1");
        atLeast("weight-decay", weightDecay, 0, LARGEST);
        require(!nesterov || momentum > 0, "nesterov", true, "needs momentum above 0");
    }

    @Override
    public List<String> state() {
        return List.of(MOMENTUM);
    }
}
