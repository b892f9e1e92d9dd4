/** The dataset formats that Lockstep reads, each in a class that validates its input, and synthetic data. */
@NullMarked
package dev.lockstep.image.format;

import org.jspecify.annotations.NullMarked;
