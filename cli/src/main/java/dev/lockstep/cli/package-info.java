/** The command line: thin commands over the library, and the launcher of local processes. */
@NullMarked
package dev.lockstep.cli;

import org.jspecify.annotations.NullMarked;
