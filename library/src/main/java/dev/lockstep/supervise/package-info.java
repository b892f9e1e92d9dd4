/**
 * Who watches the processes of a group, and how each of them learns which other one failed: heartbeats over plain sockets,
 * reports in one line. Depends on {@code errors} only.
 */
@NullMarked
package dev.lockstep.supervise;

import org.jspecify.annotations.NullMarked;
