/** Examines datasets and draws what the network sees of them. Depends on the other image packages. */
@NullMarked
package dev.lockstep.image.inspect;

import org.jspecify.annotations.NullMarked;
