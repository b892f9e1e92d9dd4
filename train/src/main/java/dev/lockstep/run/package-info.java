/** The entry point: {@link dev.lockstep.run.Training} runs a recipe in a folder. */
@NullMarked
package dev.lockstep.run;

import org.jspecify.annotations.NullMarked;
