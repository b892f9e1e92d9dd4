/**
 * Learning rates as pure functions of the iteration (paper, sections 2.1, 2.2 and 5.1). No tensors, clock or state, so
 * they can be used with any trainer.
 */
@NullMarked
package dev.lockstep.schedule;

import org.jspecify.annotations.NullMarked;
