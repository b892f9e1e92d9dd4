/**
 * The training recipe, as immutable records that check themselves, and its strict YAML form. Independent of processes and
 * machines. Depends on {@code errors} and {@code schedule}.
 */
@NullMarked
package dev.lockstep.recipe;

import org.jspecify.annotations.NullMarked;
