/** Terminal output: progress, tables and numbers formatted for people. */
@NullMarked
package dev.lockstep.cli.terminal;

import org.jspecify.annotations.NullMarked;
