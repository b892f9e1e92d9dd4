/**
 * {@code lockstep doctor}: looks at one machine and says what is wrong and how to fix it. Checks are pure functions of
 * what was seen, so each is tested without the machine it is about. Depends on the library.
 */
@NullMarked
package dev.lockstep.cli.doctor;

import org.jspecify.annotations.NullMarked;
