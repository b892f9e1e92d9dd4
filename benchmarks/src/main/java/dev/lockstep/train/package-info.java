/** JMH benchmarks of the training step, in its own package to reach it. See {@link dev.lockstep.benchmarks}. */
@NullMarked
package dev.lockstep.train;

import org.jspecify.annotations.NullMarked;
