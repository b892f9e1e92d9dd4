/** Packs photographs into tar shards. */
@NullMarked
package dev.lockstep.image.pack;

import org.jspecify.annotations.NullMarked;
