/**
 * A server for a browser and for Prometheus that shows runs while they go on. It reads the files of the runs and nothing else:
 * it cannot change a run, and a run does not know of it.
 *
 * <p>Internal: not for programs outside of Lockstep, may change in any release.
 */
@NullMarked
package dev.lockstep.watch;

import org.jspecify.annotations.NullMarked;
