/** Numbers as people read them; JSON. */
@NullMarked
package dev.lockstep.text;

import org.jspecify.annotations.NullMarked;
