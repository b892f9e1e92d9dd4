/**
 * The datasets that Lockstep can read, each format in a class that checks what it reads, and the synthetic one. Depends
 * on {@code image}, {@code sampling} and {@code errors}.
 */
@NullMarked
package dev.lockstep.image.format;

import org.jspecify.annotations.NullMarked;
