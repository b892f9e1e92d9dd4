/** Atomic, durable file writes: complete or not at all, and on disk when the call returns. Depends on nothing. */
@NullMarked
package dev.lockstep.files;

import org.jspecify.annotations.NullMarked;
