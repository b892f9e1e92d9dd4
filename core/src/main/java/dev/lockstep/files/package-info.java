/**
 * Atomic, durable file writes: complete or not at all, and on disk when the call returns.
 *
 * <p>Internal: not for programs outside of Lockstep, may change in any release.
 */
@NullMarked
package dev.lockstep.files;

import org.jspecify.annotations.NullMarked;
