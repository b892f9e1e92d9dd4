/** Atomic, durable file writes: complete or not at all, and on disk when the call returns. */
@NullMarked
package dev.lockstep.files;

import org.jspecify.annotations.NullMarked;
