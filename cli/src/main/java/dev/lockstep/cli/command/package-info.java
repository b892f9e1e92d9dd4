/** The commands, their options, and the text and JSON that they print. */
@NullMarked
package dev.lockstep.cli.command;

import org.jspecify.annotations.NullMarked;
