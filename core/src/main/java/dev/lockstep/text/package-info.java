/** Numbers formatted for people. */
@NullMarked
package dev.lockstep.text;

import org.jspecify.annotations.NullMarked;
