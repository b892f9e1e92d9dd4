/**
 * What to train, as immutable records that check themselves, and their strict YAML form. Says nothing of processes or
 * machines. Depends on {@code errors} and {@code schedule}.
 */
@NullMarked
package dev.lockstep.recipe;

import org.jspecify.annotations.NullMarked;
