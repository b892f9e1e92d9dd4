/**
 * Experiments with a verdict: variants × seeds of a recipe, questions stated before the runs, and answers with tests
 * of significance. A {@link dev.lockstep.study.RunExecutor} executes the runs.
 */
@NullMarked
package dev.lockstep.study;

import org.jspecify.annotations.NullMarked;
