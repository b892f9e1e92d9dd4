/** The user's cache folder, and unpacking native libraries from their jars into it. */
@NullMarked
package dev.lockstep.natives;

import org.jspecify.annotations.NullMarked;
