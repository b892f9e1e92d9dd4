/**
 * What happens in a run, as events to listeners, and the listeners that write it: JSON lines and TensorBoard events. Depends on
 * {@code errors}, {@code files} and {@code recipe}.
 */
@NullMarked
package dev.lockstep.metrics;

import org.jspecify.annotations.NullMarked;
