/** Numbers as people read them. */
@NullMarked
package dev.lockstep.text;

import org.jspecify.annotations.NullMarked;
