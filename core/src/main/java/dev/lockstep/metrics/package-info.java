/**
 * What a run says of itself, and where it is written: JSON lines, TensorBoard events, the summary. Depends on {@code
 * errors} and {@code recipe}.
 */
@NullMarked
package dev.lockstep.metrics;

import org.jspecify.annotations.NullMarked;
