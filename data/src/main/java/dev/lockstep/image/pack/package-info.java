/** Packs photographs into tar shards. Depends on the other image packages and {@code errors}. */
@NullMarked
package dev.lockstep.image.pack;

import org.jspecify.annotations.NullMarked;
