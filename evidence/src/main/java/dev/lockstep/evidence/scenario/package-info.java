/** The scenarios. */
@NullMarked
package dev.lockstep.evidence.scenario;

import org.jspecify.annotations.NullMarked;
