/**
 * Numbers as people read them; JSON.
 *
 * <p>Internal: not for programs outside of Lockstep, may change in any release.
 */
@NullMarked
package dev.lockstep.text;

import org.jspecify.annotations.NullMarked;
