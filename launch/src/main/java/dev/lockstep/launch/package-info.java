/**
 * The place of a process in its group, and a launcher that starts, watches and restarts the processes of one
 * machine.
 *
 * <p>Internal: not for programs outside of Lockstep, may change in any release.
 */
@NullMarked
package dev.lockstep.launch;

import org.jspecify.annotations.NullMarked;
