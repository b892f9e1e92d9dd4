/**
 * Experiments with a verdict: variants × seeds of a recipe, questions stated before the runs, and answers that say no
 * more than the numbers do. Running one is left to a {@link dev.lockstep.study.RunExecutor}. Depends on {@code errors},
 * {@code recipe} and {@code report}.
 */
@NullMarked
package dev.lockstep.study;

import org.jspecify.annotations.NullMarked;
