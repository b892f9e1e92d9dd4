/**
 * Where workers run and in which order their contributions are summed: pure arithmetic over worker numbers, testable for
 * k = 65,536 without a tensor. Depends on {@code errors} only.
 */
@NullMarked
package dev.lockstep.topology;

import org.jspecify.annotations.NullMarked;
