/** Optimizers on segments of the flat buffers: momentum SGD (paper, remarks 1 and 2), and those that a program adds. */
@NullMarked
package dev.lockstep.optim;

import org.jspecify.annotations.NullMarked;
