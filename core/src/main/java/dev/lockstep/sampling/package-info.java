/**
 * Which image goes to which worker in which iteration, and every other pseudo-random choice, as functions of keys. Knows
 * nothing of processes, threads or tensors; depends on {@code errors} only.
 */
@NullMarked
package dev.lockstep.sampling;

import org.jspecify.annotations.NullMarked;
