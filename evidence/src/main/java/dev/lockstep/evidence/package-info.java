/** Scenarios that test ./lockstep as real processes, and the tables of their results. */
@NullMarked
package dev.lockstep.evidence;

import org.jspecify.annotations.NullMarked;
