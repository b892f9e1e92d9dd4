/**
 * Which image goes to which worker in which iteration, and the generator behind every other pseudo-random choice.
 * Independent of processes, threads and tensors.
 */
@NullMarked
package dev.lockstep.sampling;

import org.jspecify.annotations.NullMarked;
