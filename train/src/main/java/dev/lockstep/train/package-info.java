/** The training loop: one step, many steps, evaluation. Connects workers, lanes and processes. */
@NullMarked
package dev.lockstep.train;

import org.jspecify.annotations.NullMarked;
