/** Finding and installing what computing on a GPU needs. */
@NullMarked
package dev.lockstep.cli.gpu;

import org.jspecify.annotations.NullMarked;
