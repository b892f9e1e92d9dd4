/**
 * The training loop: one step, many steps, evaluation. Connects workers, lanes and processes. Depends on every other
 * package of this module.
 */
@NullMarked
package dev.lockstep.train;

import org.jspecify.annotations.NullMarked;
