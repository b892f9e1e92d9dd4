/**
 * Predictions about a run before it starts, or from a few of its numbers: the plan, the checks of the recipe, the cost
 * of an iteration on k workers, and the largest useful minibatch. Pure arithmetic.
 */
@NullMarked
package dev.lockstep.plan;

import org.jspecify.annotations.NullMarked;
