/** The place of a process in its group, and a launcher that starts, watches and restarts the processes of one machine. */
@NullMarked
package dev.lockstep.launch;

import org.jspecify.annotations.NullMarked;
