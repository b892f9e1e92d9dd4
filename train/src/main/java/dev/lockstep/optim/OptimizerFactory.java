package dev.lockstep.optim;

import dev.lockstep.recipe.OptimizerKind;
import dev.lockstep.recipe.OptimizerSettings;

/**
 * Creates optimizers of a kind that a program adds. Register the implementation as a provider of {@link
 * OptimizerKind}: name it in {@code META-INF/services/dev.lockstep.recipe.OptimizerKind}.
 */
public interface OptimizerFactory extends OptimizerKind {
    /**
     * @param settings an instance of the class {@link #settings()}
     */
    Optimizer create(OptimizerSettings settings);
}
