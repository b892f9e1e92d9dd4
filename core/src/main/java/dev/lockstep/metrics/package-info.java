/** The events of a run, and the listeners that write them: JSON lines and TensorBoard events. */
@NullMarked
package dev.lockstep.metrics;

import org.jspecify.annotations.NullMarked;
