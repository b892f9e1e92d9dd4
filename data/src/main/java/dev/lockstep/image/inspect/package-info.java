/** Checks datasets and draws the network input. Depends on the other image packages. */
@NullMarked
package dev.lockstep.image.inspect;

import org.jspecify.annotations.NullMarked;
