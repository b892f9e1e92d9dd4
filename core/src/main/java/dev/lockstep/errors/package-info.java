/**
 * Failures that a user can act on, each with its exit code. Everything else that is thrown is a broken invariant: a bug
 * of ours. Depends on nothing.
 */
@NullMarked
package dev.lockstep.errors;

import org.jspecify.annotations.NullMarked;
