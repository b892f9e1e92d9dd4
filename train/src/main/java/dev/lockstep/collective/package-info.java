/**
 * Sums over processes: the tree all-reduce whose bits do not depend on the number of processes, c10d's own all-reduce for
 * comparison, and how processes find each other. Depends on {@code errors}, {@code supervise}, {@code topology} and {@code torch}.
 */
@NullMarked
package dev.lockstep.collective;

import org.jspecify.annotations.NullMarked;
