/** How native libraries come out of their jars. Depends on nothing of ours. */
@NullMarked
package dev.lockstep.natives;

import org.jspecify.annotations.NullMarked;
