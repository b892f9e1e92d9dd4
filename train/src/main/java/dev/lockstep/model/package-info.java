/** Networks, the roles of their parameters, and the flat buffers that all replicas of a network share. */
@NullMarked
package dev.lockstep.model;

import org.jspecify.annotations.NullMarked;
