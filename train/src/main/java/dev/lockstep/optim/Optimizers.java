package dev.lockstep.optim;

import dev.lockstep.recipe.LarsSettings;
import dev.lockstep.recipe.OptimizerKind;
import dev.lockstep.recipe.OptimizerKinds;
import dev.lockstep.recipe.OptimizerSettings;
import dev.lockstep.recipe.SgdSettings;

/** Maps settings to their optimizer. */
public final class Optimizers {
    private Optimizers() {}

    /** The optimizer of a recipe's {@code optimizer} section. */
    public static Optimizer of(OptimizerSettings settings) {
        if (settings instanceof SgdSettings sgd) {
            return new MomentumSgd(sgd);
        }
        if (settings instanceof LarsSettings lars) {
            return new Lars(lars);
        }
        OptimizerKind kind = OptimizerKinds.of(settings);
        if (kind instanceof OptimizerFactory factory) {
            return factory.create(settings);
        }
        throw new IllegalStateException(
                "optimizer.kind = " + kind.name() + ", its provider is no " + OptimizerFactory.class.getName());
    }
}
