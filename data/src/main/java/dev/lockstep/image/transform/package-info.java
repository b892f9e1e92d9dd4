/**
 * Augmentation, resizing and normalization: from an image to what the network sees. Depends on {@code image} and
 * {@code sampling}.
 */
@NullMarked
package dev.lockstep.image.transform;

import org.jspecify.annotations.NullMarked;
