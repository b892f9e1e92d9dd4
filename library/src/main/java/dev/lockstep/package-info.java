/** The front door: {@link dev.lockstep.Training} runs a recipe in a folder. Depends on every room. */
@NullMarked
package dev.lockstep;

import org.jspecify.annotations.NullMarked;
