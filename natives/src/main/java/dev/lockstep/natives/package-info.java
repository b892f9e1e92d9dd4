/**
 * The user's cache folder, and unpacking native libraries from their jars into it.
 *
 * <p>Internal: not for programs outside of Lockstep, may change in any release.
 */
@NullMarked
package dev.lockstep.natives;

import org.jspecify.annotations.NullMarked;
