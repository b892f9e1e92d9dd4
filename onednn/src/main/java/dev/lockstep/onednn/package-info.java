/** The oneDNN engine: forward and backward of a described network as a list of oneDNN's primitives. */
@NullMarked
package dev.lockstep.onednn;

import org.jspecify.annotations.NullMarked;
