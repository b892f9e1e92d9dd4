/**
 * The events of a run, and the listeners that write them: JSON lines and TensorBoard events. Depends on
 * {@code errors}, {@code files} and {@code recipe}.
 */
@NullMarked
package dev.lockstep.metrics;

import org.jspecify.annotations.NullMarked;
