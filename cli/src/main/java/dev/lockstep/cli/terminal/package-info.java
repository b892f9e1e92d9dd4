/** What a terminal shows: progress, tables and numbers as people read them. */
@NullMarked
package dev.lockstep.cli.terminal;

import org.jspecify.annotations.NullMarked;
