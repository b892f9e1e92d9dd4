/**
 * Which process runs which workers, and the order in which their gradient buffers are summed. Pure arithmetic on
 * worker numbers, tested for k = 65,536 without a tensor.
 */
@NullMarked
package dev.lockstep.topology;

import org.jspecify.annotations.NullMarked;
