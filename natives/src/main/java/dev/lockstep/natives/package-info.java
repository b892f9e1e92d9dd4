/** The user's cache, and how native libraries come out of their jars into it. */
@NullMarked
package dev.lockstep.natives;

import org.jspecify.annotations.NullMarked;
