/**
 * From a sample index to network input: datasets, decoding, augmentation and the read-ahead loader. The pixels of a
 * sample depend only on (seed, epoch, index), whatever the number of threads. Depends on {@code errors}, {@code
 * natives}, {@code recipe} and {@code sampling}.
 */
@NullMarked
package dev.lockstep.image;

import org.jspecify.annotations.NullMarked;
