/**
 * The command line: thin commands over the library, and the launcher of local processes.
 *
 * <p>Internal: not for programs outside of Lockstep, may change in any release.
 */
@NullMarked
package dev.lockstep.cli;

import org.jspecify.annotations.NullMarked;
