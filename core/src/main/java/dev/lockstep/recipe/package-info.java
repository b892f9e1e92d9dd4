/**
 * The training recipe, as immutable records that check themselves, and its strict YAML form. Independent of processes
 * and machines.
 */
@NullMarked
package dev.lockstep.recipe;

import org.jspecify.annotations.NullMarked;
