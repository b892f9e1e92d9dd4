/**
 * Failures that a user can act on, each with its exit code. Any other exception is a broken invariant, that is a bug
 * in Lockstep.
 */
@NullMarked
package dev.lockstep.errors;

import org.jspecify.annotations.NullMarked;
