/** What is built from a distribution: its image. Depends on nothing of Lockstep but the distribution's files. */
@NullMarked
package dev.lockstep.dist;

import org.jspecify.annotations.NullMarked;
