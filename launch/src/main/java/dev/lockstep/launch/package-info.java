/**
 * The place of a process in its group, as its launcher describes it, and our own launchers: of the processes of one
 * machine, which are watched and restarted, and of groups on several.
 */
@NullMarked
package dev.lockstep.launch;

import org.jspecify.annotations.NullMarked;
