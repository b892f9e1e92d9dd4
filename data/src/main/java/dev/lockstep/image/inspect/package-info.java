/** Checks datasets and draws the network input. */
@NullMarked
package dev.lockstep.image.inspect;

import org.jspecify.annotations.NullMarked;
