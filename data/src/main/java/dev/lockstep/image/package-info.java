/**
 * From a sample index to pixels that a network can take: datasets, decoding, augmentation and the loader that reads
 * ahead. Pure from the caller's view: the pixels of a sample are a function of (seed, epoch, index), whatever the number
 * of threads. Depends on {@code errors}, {@code natives}, {@code recipe} and {@code sampling}.
 */
@NullMarked
package dev.lockstep.image;

import org.jspecify.annotations.NullMarked;
