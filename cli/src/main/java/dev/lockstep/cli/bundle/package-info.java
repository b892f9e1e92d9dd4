/** A distribution that brings its own Java, for hosts that have none. Knows nothing of training. */
@NullMarked
package dev.lockstep.cli.bundle;

import org.jspecify.annotations.NullMarked;
