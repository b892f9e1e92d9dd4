/**
 * Networks, the roles of their parameters, and the flat buffers that all replicas of a network share. Depends on {@code
 * errors}, {@code image}, {@code recipe}, {@code sampling} and {@code torch}.
 */
@NullMarked
package dev.lockstep.model;

import org.jspecify.annotations.NullMarked;
