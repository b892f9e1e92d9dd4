/**
 * The training loop: one step, many steps, evaluation. Here workers, lanes and processes meet. Depends on every other
 * room.
 */
@NullMarked
package dev.lockstep.train;

import org.jspecify.annotations.NullMarked;
