/**
 * {@code lockstep doctor}: diagnoses this machine and suggests fixes. Most checks are pure functions of a {@code
 * Machine} record, so they can be tested on any machine.
 */
@NullMarked
package dev.lockstep.cli.doctor;

import org.jspecify.annotations.NullMarked;
