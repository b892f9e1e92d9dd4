/**
 * From a sample index to network input: datasets, decoding, augmentation and the read-ahead loader. The pixels of a
 * sample depend only on (seed, epoch, index), whatever the number of threads.
 */
@NullMarked
package dev.lockstep.image;

import org.jspecify.annotations.NullMarked;
