/** NVIDIA cards as devices of a run. Optional: no other module needs it. */
@NullMarked
package dev.lockstep.cuda;

import org.jspecify.annotations.NullMarked;
