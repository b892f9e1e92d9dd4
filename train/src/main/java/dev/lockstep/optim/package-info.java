/** Momentum SGD on flat buffers (paper, remarks 1 and 2). Depends on {@code recipe} and {@code torch}. */
@NullMarked
package dev.lockstep.optim;

import org.jspecify.annotations.NullMarked;
