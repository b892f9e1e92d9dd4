/** JMH benchmarks of the training step, in its package for access. See {@link dev.lockstep.benchmarks}. */
@NullMarked
package dev.lockstep.train;

import org.jspecify.annotations.NullMarked;
