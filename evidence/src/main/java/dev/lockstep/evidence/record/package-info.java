/** Results of scenarios: cases with their expectations, JSON files, and the tables that documents show. */
@NullMarked
package dev.lockstep.evidence.record;

import org.jspecify.annotations.NullMarked;
